//! Times of the sample: between two fixed days, never near now.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::Random;

const DAY: i64 = 86_400_000_000;
/// 2015-01-01, in microseconds since 1970.
const FIRST: i64 = 16_436 * DAY;
/// 2025-06-30, in microseconds since 1970.
const LAST: i64 = 20_269 * DAY;

/// A time in microseconds since 1970: what Postgres keeps.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(super) struct Time(i64);

impl Time {
    /// Any time of the sample that leaves a month after it.
    pub(super) fn any(random: &mut Random) -> Self {
        Self(FIRST + below(random, LAST - FIRST - 30 * DAY))
    }

    /// A later time, at most so many days, and never after the sample's last day.
    pub(super) fn later(self, random: &mut Random, days: i64) -> Self {
        let room = (LAST - self.0).min(days * DAY);
        Self(self.0 + below(random, room.max(1)))
    }

    /// An earlier time, at most so many days.
    pub(super) fn earlier(self, random: &mut Random, days: i64) -> Self {
        Self(self.0 - below(random, days * DAY))
    }

    pub(super) fn plus_days(self, days: i64) -> Self {
        Self(self.0 + days * DAY)
    }

    pub(super) fn utc(self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::microseconds(self.0)
    }

    pub(super) fn date(self) -> NaiveDate {
        self.utc().date_naive()
    }
}

fn below(random: &mut Random, limit: i64) -> i64 {
    i64::try_from(random.below(limit.unsigned_abs())).unwrap_or_default()
}
