//! The lines of an NDJSON file, one at a time, in a buffer that is used again. A line that is too long is passed over
//! without being held.

use std::io::{self, BufRead};

/// A byte order mark, which some programs write at the beginning of a file.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line; it lies in the buffer.
    Whole,
    /// A line beyond the limit.
    TooLong,
}

/// Reads lines.
pub(super) struct Lines<R> {
    input: R,
    limit: usize,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(input: R, limit: usize) -> Self {
        Self {
            input,
            limit,
            number: 0,
        }
    }

    /// Gives the number of the line that was read last; the first is 1.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Reads the next line into the buffer, without its end. Lines of white space only are left out.
    ///
    /// # Errors
    /// The input cannot be read on.
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> io::Result<Option<Line>> {
        loop {
            let Some(found) = self.take(line)? else {
                return Ok(None);
            };
            self.number += 1;
            if found == Line::TooLong {
                return Ok(Some(found));
            }
            if line.ends_with(b"\r") {
                line.pop();
            }
            if line.len() > self.limit {
                return Ok(Some(Line::TooLong));
            }
            if self.number == 1 && line.starts_with(MARK) {
                line.drain(..MARK.len());
            }
            if !line.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some(found));
            }
        }
    }

    /// Reads up to the next line feed or the end.
    fn take(&mut self, line: &mut Vec<u8>) -> io::Result<Option<Line>> {
        line.clear();
        let mut found = None;
        loop {
            let ready = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                ready => ready?,
            };
            if ready.is_empty() {
                return Ok(found);
            }
            let end = memchr::memchr(b'\n', ready);
            let piece = &ready[..end.unwrap_or(ready.len())];
            // One byte more: it may be a carriage return.
            if found == Some(Line::TooLong) || line.len() + piece.len() > self.limit + 1 {
                found = Some(Line::TooLong);
                line.clear();
            } else {
                found = Some(Line::Whole);
                line.extend_from_slice(piece);
            }
            let used = piece.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                return Ok(found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// The lines of a text with their numbers, read through a buffer of that size; `None` is one that is too long.
    fn lines(text: &[u8], buffer: usize, limit: usize) -> Vec<(u64, Option<String>)> {
        let mut lines = Lines::new(BufReader::with_capacity(buffer, text), limit);
        let (mut line, mut all) = (Vec::new(), Vec::new());
        while let Some(found) = lines.next(&mut line).unwrap() {
            let text = (found == Line::Whole).then(|| String::from_utf8(line.clone()).unwrap());
            all.push((lines.number(), text));
        }
        all
    }

    #[test]
    fn lines_keep_their_numbers_and_lose_their_ends() {
        let text = b"\xef\xbb\xbfone\r\n\n \t\r\ntwo\n\xef\xbb\xbf3\nlast";
        let expected = [(1, "one"), (4, "two"), (5, "\u{feff}3"), (6, "last")];
        let expected = expected.map(|(number, text)| (number, Some(text.to_owned())));
        for buffer in [1, 2, 3, 7, 1_000] {
            assert_eq!(lines(text, buffer, 100), expected, "{buffer}");
        }
        assert_eq!(lines(b"", 8, 100), []);
        assert_eq!(lines(b"\n\n", 8, 100), []);
    }

    #[test]
    fn a_line_beyond_the_limit_is_passed_over_and_the_next_one_read() {
        let text = [&b"x".repeat(1_000)[..], b"\nabc\r\nabcd\nabc"].concat();
        let expected = [
            (1, None),
            (2, Some("abc".to_owned())),
            (3, None),
            (4, Some("abc".to_owned())),
        ];
        for buffer in [1, 5, 2_000] {
            assert_eq!(lines(&text, buffer, 3), expected, "{buffer}");
        }
    }
}
