//! Where the bars of small pictures stand. Numbers go in and lengths come out; the words beside a picture say the same.

use chrono::{DateTime, Utc};

/// A bar on a line from 0 to 100.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bar {
    /// Where it begins.
    pub(super) from: String,
    /// How long it is.
    pub(super) length: String,
    /// What it means, as a class of the style sheet.
    pub(super) class: &'static str,
}

/// The shortest bar: what is there is seen.
const SHORTEST: f64 = 1.5;

impl Bar {
    fn new(from: f64, length: f64, class: &'static str) -> Self {
        let length = length.clamp(SHORTEST, 100.0);
        Self {
            from: short(from.clamp(0.0, 100.0 - length)),
            length: short(length),
            class,
        }
    }

    /// Draws a share of a whole; nothing where there is none.
    pub(super) fn share(part: u64, whole: u64, class: &'static str) -> Option<Self> {
        (part > 0).then(|| Self::new(0.0, percent(part, whole.max(part)), class))
    }

    /// Draws the time from one instant to another on a line that begins and ends at others.
    pub(super) fn time(
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        (first, last): (DateTime<Utc>, DateTime<Utc>),
        class: &'static str,
    ) -> Self {
        let milliseconds = |a: DateTime<Utc>, b: DateTime<Utc>| {
            u64::try_from((b - a).num_milliseconds()).unwrap_or(0)
        };
        let whole = milliseconds(first, last).max(1);
        Self::new(
            percent(milliseconds(first, from), whole),
            percent(milliseconds(from, to), whole),
            class,
        )
    }
}

/// Draws shares of a whole one after the other.
pub(super) fn row(parts: &[(u64, &'static str)]) -> Vec<Bar> {
    let whole: u64 = parts.iter().map(|(number, _)| number).sum();
    let mut bars = Vec::new();
    let mut before = 0;
    for &(number, class) in parts {
        if number > 0 {
            bars.push(Bar::new(
                percent(before, whole),
                percent(number, whole),
                class,
            ));
        }
        before += number;
    }
    bars
}

/// A column of a picture that is 100 high.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    /// Where it begins, ten for each column before it.
    pub(super) left: usize,
    /// Where its top is.
    pub(super) top: String,
    /// How high it is.
    pub(super) height: String,
}

/// Draws numbers as columns, the largest as high as the picture; nothing for zeros.
pub(super) fn columns(numbers: &[u64]) -> Vec<Column> {
    let most = numbers.iter().copied().max().unwrap_or(0);
    let columns = numbers
        .iter()
        .enumerate()
        .filter(|(_, number)| **number > 0);
    columns
        .map(|(place, number)| {
            let height = percent(*number, most).max(1.0);
            Column {
                left: place * 10,
                top: short(100.0 - height),
                height: short(height),
            }
        })
        .collect()
}

/// Gives the percentage of a whole, rounded down.
pub(super) fn whole_percent(part: u64, whole: u64) -> u64 {
    let percent = u128::from(part) * 100 / u128::from(whole.max(1));
    u64::try_from(percent).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "it is drawn")]
fn percent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

fn short(number: f64) -> String {
    format!("{number:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn drawn(bar: &Bar) -> (&str, &str) {
        (&bar.from, &bar.length)
    }

    #[test]
    fn a_time_is_drawn_where_it_was() {
        let line = (at(0), at(100));
        assert_eq!(
            drawn(&Bar::time((at(25), at(75)), line, "done")),
            ("25.0", "50.0")
        );
        // Clocks differ by a hair, and short times are seen.
        assert_eq!(
            drawn(&Bar::time((at(-5), at(0)), line, "done")),
            ("0.0", "5.0")
        );
        assert_eq!(
            drawn(&Bar::time((at(100), at(100)), line, "done")),
            ("98.5", "1.5")
        );
        assert_eq!(
            drawn(&Bar::time((at(0), at(0)), (at(0), at(0)), "done")),
            ("0.0", "1.5")
        );
    }

    #[test]
    fn shares_stand_one_after_the_other() {
        let bars = row(&[(1, "done"), (0, "failed"), (3, "due")]);
        let drawn: Vec<_> = bars.iter().map(drawn).collect();
        assert_eq!(drawn, [("0.0", "25.0"), ("25.0", "75.0")]);
        assert_eq!(row(&[(0, "done")]), []);
        assert_eq!(Bar::share(0, 10, "done"), None);
        assert_eq!(Bar::share(20, 10, "done").unwrap().length, "100.0");
    }

    #[test]
    fn the_largest_number_is_the_highest_column() {
        let columns = columns(&[0, 5, 10]);
        assert_eq!(columns.len(), 2);
        assert_eq!((columns[0].left, columns[0].top.as_str()), (10, "50.0"));
        assert_eq!((columns[1].left, columns[1].height.as_str()), (20, "100.0"));
        assert_eq!(super::columns(&[0, 0]), []);
    }

    #[test]
    fn percentages_are_never_rounded_up_to_full() {
        assert_eq!(whole_percent(999, 1000), 99);
        assert_eq!(whole_percent(u64::MAX, u64::MAX), 100);
        assert_eq!(whole_percent(1, 0), 100);
    }
}
