//! How figures and foreign texts are written for people.

use std::time::Duration;

/// Longer texts of a server are cut: they go into one line of an error.
const LONGEST: usize = 600;

/// Makes a text of a server safe to print: one line, no control characters, of bounded length.
#[must_use]
pub fn clean(text: &str) -> String {
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    let mut clean: String = text.trim().chars().take(LONGEST).map(printable).collect();
    if text.trim().chars().nth(LONGEST).is_some() {
        clean.push('…');
    }
    clean
}

/// Writes a count with a comma between each three digits.
#[must_use]
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes a size, rounded, in the unit that suits it; units are decimal (1 MB = 10⁶ bytes).
#[must_use]
pub fn size(bytes: u64) -> String {
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut one = 1_000_u128;
    for unit in ["kB", "MB", "GB"] {
        let tenths = tenths(bytes, one);
        if tenths < 10_000 {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
        one *= 1_000;
    }
    let tenths = tenths(bytes, one);
    format!("{}.{} TB", tenths / 10, tenths % 10)
}

fn tenths(bytes: u64, one: u128) -> u128 {
    (u128::from(bytes) * 10 + one / 2) / one
}

/// Writes a thing's count with the right form of its noun.
#[must_use]
pub fn counted(number: u64, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{} {noun}", count(number))
}

/// Writes a length of time in its two largest units.
#[must_use]
pub fn duration(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let first = UNITS
        .iter()
        .position(|(length, _)| seconds >= *length)
        .unwrap_or(UNITS.len() - 1);
    let (length, unit) = UNITS[first];
    let mut text = format!("{} {unit}", seconds / length);
    if let Some((smaller, unit)) = UNITS.get(first + 1)
        && seconds % length >= *smaller
    {
        text = format!("{text} {} {unit}", seconds % length / smaller);
    }
    text
}

/// Writes a length of time; one below ten seconds with its tenths.
#[must_use]
pub fn length(time: Duration) -> String {
    let tenths = time.as_millis() / 100;
    if tenths < 100 {
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    duration(time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345, "12,345"),
            (1_234_567, "1,234,567"),
        ];
        for (number, text) in cases {
            assert_eq!(count(number), text);
        }
        assert_eq!(
            (counted(1, "file", "files"), counted(2, "file", "files")),
            ("1 file".into(), "2 files".into())
        );
    }

    #[test]
    fn sizes_are_decimal_with_one_digit() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (134_217_728, "134.2 MB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (1_999_999_999, "2.0 GB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(size(u64::MAX), "18446744.1 TB");
    }

    #[test]
    fn a_length_of_time_has_two_units_at_most() {
        let cases = [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (200, "3 min 20 s"),
            (3_600, "1 h"),
            (3_659, "1 h"),
            (7_500, "2 h 5 min"),
            (86_399, "23 h 59 min"),
            (273_600, "3 d 4 h"),
        ];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(clean(&"é".repeat(700)), format!("{}…", "é".repeat(600)));
        assert_eq!(clean(" a\r\n\tb\u{7f}c "), "a   b c");
    }

    #[test]
    fn short_lengths_have_tenths() {
        let cases = [
            (0, "0.0 s"),
            (1_290, "1.2 s"),
            (9_999, "9.9 s"),
            (10_000, "10 s"),
            (200_000, "3 min 20 s"),
        ];
        for (millis, text) in cases {
            assert_eq!(length(Duration::from_millis(millis)), text);
        }
    }
}
