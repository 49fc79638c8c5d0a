//! Rows on their way into the resource store, in the form in which COPY takes them: its binary format, in which a text
//! stands as it is. In the text format both sides would have to look at every byte for characters to escape.

use std::ops::Range;

/// Rows of a batch at most. A batch is one transaction: it is what is lost when the command is killed.
pub const ROWS: usize = 5_000;

/// Bytes of a batch about which it is full.
const BYTES: usize = 8 << 20;

/// What COPY's binary format begins with: its signature, no flags, no extension of the header (PostgreSQL manual, "COPY",
/// "File Formats").
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What it ends with.
pub(super) const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// The columns of `resource_staged`.
const COLUMNS: i16 = 4;

/// What a row needs beside its texts.
const FRAME: usize = 2 + 4 + 8 + 4 + 4 + 4;

/// Rows that go into the store in one transaction.
#[derive(Default)]
pub struct Batch {
    data: Vec<u8>,
    rows: Vec<Row>,
}

struct Row {
    line: u64,
    body: Range<usize>,
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch")
            .field("rows", &self.rows.len())
            .finish_non_exhaustive()
    }
}

impl Batch {
    /// Makes an empty batch with room for a full one.
    #[must_use]
    pub fn new() -> Self {
        Self {
            data: Vec::with_capacity(BYTES),
            rows: Vec::new(),
        }
    }

    /// Says whether there is room for a resource of that many bytes. The first one always finds room.
    #[must_use]
    pub fn has_room(&self, bytes: usize) -> bool {
        self.rows.is_empty()
            || (self.rows.len() < ROWS && self.data.len() + FRAME + 128 + bytes <= BYTES)
    }

    /// Adds a resource: where it stood in its file (after those before it), its type and id, and the whole of it.
    ///
    /// # Panics
    /// A text is longer than 2 GiB.
    pub fn push(&mut self, line: u64, resource_type: &str, id: &str, body: &str) {
        let data = &mut self.data;
        data.extend_from_slice(&COLUMNS.to_be_bytes());
        data.extend_from_slice(&8_i32.to_be_bytes());
        data.extend_from_slice(&line.to_be_bytes());
        for text in [resource_type, id, body] {
            let length = i32::try_from(text.len()).expect("callers limit a resource's size");
            data.extend_from_slice(&length.to_be_bytes());
            data.extend_from_slice(text.as_bytes());
        }
        let body = data.len() - body.len()..data.len();
        self.rows.push(Row { line, body });
    }

    /// Gives the number of resources.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Says whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Gives where a resource stood in its file.
    ///
    /// # Panics
    /// There are not so many.
    #[must_use]
    pub fn line(&self, row: usize) -> u64 {
        self.rows[row].line
    }

    /// Gives the whole of a resource.
    ///
    /// # Panics
    /// There are not so many.
    #[must_use]
    pub fn body(&self, row: usize) -> &str {
        let body = &self.data[self.rows[row].body.clone()];
        std::str::from_utf8(body).expect("it came as a text")
    }

    /// Gives the row of a line.
    pub(super) fn row(&self, line: u64) -> Option<usize> {
        self.rows.binary_search_by_key(&line, |row| row.line).ok()
    }

    /// Gives some of the rows as COPY takes them, without its header and trailer.
    pub(super) fn data(&self, rows: Range<usize>) -> &[u8] {
        let end = |row: usize| self.rows[row].body.end;
        let start = rows.start.checked_sub(1).map_or(0, end);
        let end = rows.end.checked_sub(1).map_or(0, end);
        &self.data[start..end.max(start)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_framed_as_copy_takes_them() {
        let mut batch = Batch::new();
        batch.push(7, "Patient", "é", "{}");
        batch.push(9, "Group", "b", "{\"a\":1}");
        let first =
            b"\0\x04\0\0\0\x08\0\0\0\0\0\0\0\x07\0\0\0\x07Patient\0\0\0\x02\xc3\xa9\0\0\0\x02{}";
        assert_eq!(batch.data(0..1), first);
        assert!(batch.data(1..2).ends_with(b"\0\0\0\x07{\"a\":1}"));
        assert_eq!(
            [batch.data(0..1), batch.data(1..2)].concat(),
            batch.data(0..2)
        );
        assert_eq!(batch.data(0..0), b"");
        assert_eq!((batch.line(1), batch.body(1)), (9, "{\"a\":1}"));
        assert_eq!((batch.row(9), batch.row(8)), (Some(1), None));
        assert_eq!((batch.len(), HEADER.len()), (2, 19));
    }

    #[test]
    fn a_batch_is_full_by_rows_or_by_bytes_and_takes_one_large_resource() {
        let mut rows = Batch::new();
        for line in 0..ROWS {
            assert!(rows.has_room(2));
            rows.push(line as u64, "Patient", "a", "{}");
        }
        assert!(!rows.has_room(2));
        let mut bytes = Batch::new();
        assert!(bytes.has_room(3 * BYTES));
        bytes.push(1, "Patient", "a", &" ".repeat(BYTES / 2));
        assert!(bytes.has_room(BYTES / 4));
        assert!(!bytes.has_room(BYTES / 2));
    }

    #[test]
    fn debug_shows_no_resource() {
        let mut batch = Batch::new();
        batch.push(1, "Patient", "canary", "canary");
        assert_eq!(format!("{batch:?}"), "Batch { rows: 1, .. }");
    }
}
