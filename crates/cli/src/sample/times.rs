//! Times of the sample: between two fixed days, never near now.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::Random;

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 1440 * MINUTE;
/// 2015-01-01, in microseconds since 1970.
const FIRST: i64 = 16_436 * DAY;
/// 2025-06-30, in microseconds since 1970.
const LAST: i64 = 20_269 * DAY;

/// A time in microseconds since 1970: what Postgres keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(i64);

impl Time {
    /// Any time of the sample that leaves a month after it.
    pub(crate) fn any(random: &mut Random) -> Self {
        Self(FIRST + below(random, LAST - FIRST - 30 * DAY))
    }

    /// A later time, at most so many days, and never after the sample's last day.
    pub(crate) fn later(self, random: &mut Random, days: i64) -> Self {
        let room = (LAST - self.0).min(days * DAY);
        Self(self.0 + below(random, room.max(1)))
    }

    /// An earlier time, at most so many days.
    pub(crate) fn earlier(self, random: &mut Random, days: i64) -> Self {
        Self(self.0 - below(random, days * DAY))
    }

    pub(crate) fn plus_days(self, days: i64) -> Self {
        Self(self.0 + days * DAY)
    }

    pub(crate) fn plus_minutes(self, minutes: i64) -> Self {
        Self(self.0 + minutes * MINUTE)
    }

    /// Whole days since an earlier time.
    pub(crate) fn days_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0) / DAY
    }

    pub(crate) fn utc(self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::microseconds(self.0)
    }

    pub(crate) fn date(self) -> NaiveDate {
        self.utc().date_naive()
    }
}

fn below(random: &mut Random, limit: i64) -> i64 {
    i64::try_from(random.below(limit.unsigned_abs())).unwrap_or_default()
}
