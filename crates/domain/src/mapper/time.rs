//! FHIR instants and dates.
//!
//! Always UTC with `Z`, always three digits of a second: two equal times never differ in their bytes. What is finer than
//! a millisecond is cut off, not rounded, so that no time moves into the future.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use serde::{Serialize, Serializer};

use super::Reason;

/// A FHIR `instant`; it is a valid `dateTime` too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant([u8; 24]);

impl Instant {
    pub(super) fn of(column: &'static str, time: DateTime<Utc>) -> Result<Self, Reason> {
        let time = time.naive_utc();
        let mut digits = *b"0000-00-00T00:00:00.000Z";
        digits[..10].copy_from_slice(&Date::of(column, time.date())?.0);
        put(&mut digits[11..13], time.hour());
        put(&mut digits[14..16], time.minute());
        put(&mut digits[17..19], time.second());
        // In a leap second chrono counts on beyond the thousandth millisecond.
        put(
            &mut digits[20..23],
            (time.nanosecond() / 1_000_000).min(999),
        );
        Ok(Self(digits))
    }

    pub(super) fn of_nullable(
        column: &'static str,
        time: Option<DateTime<Utc>>,
    ) -> Result<Option<Self>, Reason> {
        time.map(|time| Self::of(column, time)).transpose()
    }
}

/// A FHIR `date`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date([u8; 10]);

impl Date {
    pub(super) fn of(column: &'static str, date: NaiveDate) -> Result<Self, Reason> {
        let Ok(year @ 1..=9999) = u32::try_from(date.year()) else {
            return Err(Reason::YearOutOfRange { column });
        };
        let mut digits = *b"0000-00-00";
        put(&mut digits[..4], year);
        put(&mut digits[5..7], date.month());
        put(&mut digits[8..], date.day());
        Ok(Self(digits))
    }

    pub(super) fn of_nullable(
        column: &'static str,
        date: Option<NaiveDate>,
    ) -> Result<Option<Self>, Reason> {
        date.map(|date| Self::of(column, date)).transpose()
    }
}

/// Writes a number right-aligned over the zeros of `place`.
fn put(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(str::from_utf8(&self.0).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(time: &str) -> String {
        let instant = Instant::of("column", time.parse().unwrap()).unwrap();
        serde_json::to_value(instant)
            .unwrap()
            .as_str()
            .unwrap()
            .into()
    }

    #[test]
    fn instants_are_utc_and_cut_to_the_millisecond() {
        for (time, expected) in [
            ("2024-02-29T12:34:56.789999Z", "2024-02-29T12:34:56.789Z"),
            ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999Z"),
            ("2024-01-01T00:00:00+02:00", "2023-12-31T22:00:00.000Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999Z"),
            ("2016-12-31T23:59:60.5Z", "2016-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(instant(time), expected, "{time}");
        }
    }

    #[test]
    fn years_that_fhir_cannot_write_are_refused() {
        let refused = Err(Reason::YearOutOfRange {
            column: "date_of_birth",
        });
        for year in [-44, 0, 10_000, 262_142] {
            let date = NaiveDate::from_ymd_opt(year, 3, 15).unwrap();
            assert_eq!(
                Date::of("date_of_birth", date).map(|_| ()),
                refused,
                "{year}"
            );
            let time = date.and_hms_opt(0, 0, 0).unwrap().and_utc();
            assert_eq!(
                Instant::of("date_of_birth", time).map(|_| ()),
                refused,
                "{year}"
            );
        }
        for year in [1, 999, 9999] {
            let date = NaiveDate::from_ymd_opt(year, 3, 5).unwrap();
            let written = serde_json::to_value(Date::of("date_of_birth", date).unwrap()).unwrap();
            assert_eq!(written, format!("{year:04}-03-05"));
        }
    }
}
