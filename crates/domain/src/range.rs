//! `Range` of a download: single byte ranges (RFC 9110, section 14). Several ranges, or another unit, are ignored,
//! as the RFC allows; the whole file is sent then.

/// A range of bytes; both ends are included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte.
    pub first: u64,
    /// The last byte.
    pub last: u64,
}

impl ByteRange {
    /// Gives the number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.last - self.first + 1
    }
}

/// What a `Range` header asks for, of a file of a known size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The whole file.
    Whole,
    /// A part of it: 206.
    Part(ByteRange),
    /// Nothing that the file has: 416.
    Unsatisfiable,
}

/// Reads a `Range` header for a file of `size` bytes.
#[must_use]
pub fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some((unit, set)) = header.and_then(|header| header.split_once('=')) else {
        return Wanted::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Wanted::Whole;
    }
    let Some((first, last)) = set.trim().split_once('-') else {
        return Wanted::Whole;
    };
    match (number(first), number(last)) {
        (Bound::Open, Bound::At(suffix)) if suffix > 0 && size > 0 => {
            part(size.saturating_sub(suffix), size - 1)
        }
        (Bound::Open, Bound::At(_)) => Wanted::Unsatisfiable,
        (Bound::At(first), Bound::At(last)) if first > last => Wanted::Whole,
        (Bound::At(first), Bound::At(_) | Bound::Open) if first >= size => Wanted::Unsatisfiable,
        (Bound::At(first), Bound::At(last)) => part(first, last.min(size - 1)),
        (Bound::At(first), Bound::Open) => part(first, size - 1),
        (Bound::Open, Bound::Open) | (Bound::Wrong, _) | (_, Bound::Wrong) => Wanted::Whole,
    }
}

const fn part(first: u64, last: u64) -> Wanted {
    Wanted::Part(ByteRange { first, last })
}

/// One end of a range.
enum Bound {
    At(u64),
    Open,
    /// Not a number.
    Wrong,
}

/// Reads one end. A number beyond 64 bits is as good as the largest.
fn number(digits: &str) -> Bound {
    if digits.is_empty() {
        return Bound::Open;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Bound::At(digits.parse().unwrap_or(u64::MAX));
    }
    Bound::Wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_ranges_are_read_and_the_rest_is_ignored() {
        let whole = [
            None,
            Some(""),
            Some("bytes"),
            Some("bytes=a-b"),
            Some("bytes=0-1,3-4"),
            Some("lines=1-2"),
            Some("bytes=5-2"),
            Some("bytes=-"),
            Some("bytes=+1-2"),
        ];
        for header in whole {
            assert_eq!(wanted(header, 10), Wanted::Whole, "{header:?}");
        }
        let parts = [
            ("bytes=0-0", 0, 0),
            ("bytes=0-", 0, 9),
            ("bytes=3-4", 3, 4),
            ("bytes=3-99", 3, 9),
            ("bytes=-3", 7, 9),
            ("bytes=-99", 0, 9),
            ("Bytes=9-9", 9, 9),
            ("bytes=0-99999999999999999999999", 0, 9),
        ];
        for (header, first, last) in parts {
            assert_eq!(wanted(Some(header), 10), part(first, last), "{header}");
        }
        for header in [
            "bytes=10-",
            "bytes=10-11",
            "bytes=-0",
            "bytes=99999999999999999999999-",
        ] {
            assert_eq!(wanted(Some(header), 10), Wanted::Unsatisfiable, "{header}");
        }
        assert_eq!(wanted(Some("bytes=-1"), 0), Wanted::Unsatisfiable);
    }
}
