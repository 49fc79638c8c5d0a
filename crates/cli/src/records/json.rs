//! JSON, written member by member into a buffer.
//!
//! Nothing is built that is only thrown away again: this is what makes a million patients a matter of minutes. It trusts
//! its caller with the names, which are never escaped, and with writing each one once.

use std::{fmt, io::Write};

use uuid::Uuid;

/// A JSON value under way at the end of a buffer.
pub(super) struct Json<'a>(&'a mut Vec<u8>);

impl<'a> Json<'a> {
    /// Appends one object and a line feed.
    pub(super) fn line(out: &'a mut Vec<u8>, write: impl FnOnce(&mut Self)) {
        let mut json = Self(out);
        json.braced(write);
        json.0.push(b'\n');
    }

    pub(super) fn object(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.name(name);
        self.braced(write);
    }

    /// An array, empty unless `write` adds to it: FHIR has no empty ones.
    pub(super) fn array(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.name(name);
        self.0.push(b'[');
        write(self);
        self.0.push(b']');
    }

    /// An array of one object.
    pub(super) fn one(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.array(name, |json| json.item(write));
    }

    /// An object in an array.
    pub(super) fn item(&mut self, write: impl FnOnce(&mut Self)) {
        self.comma();
        self.braced(write);
    }

    pub(super) fn item_text(&mut self, text: &str) {
        self.comma();
        self.quoted(text);
    }

    /// A text in an array, made of parts that need no escapes.
    pub(super) fn item_plain(&mut self, text: fmt::Arguments<'_>) {
        self.comma();
        self.unescaped(text);
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.quoted(text);
    }

    /// A text made of parts that need no escapes.
    pub(super) fn plain(&mut self, name: &str, text: fmt::Arguments<'_>) {
        self.name(name);
        self.unescaped(text);
    }

    /// A relative reference.
    pub(super) fn target(&mut self, name: &str, kind: &str, id: Uuid) {
        self.name(name);
        self.0.push(b'"');
        self.0.extend_from_slice(kind.as_bytes());
        self.0.push(b'/');
        self.hyphenated(id);
        self.0.push(b'"');
    }

    pub(super) fn id(&mut self, name: &str, id: Uuid) {
        self.name(name);
        self.0.push(b'"');
        self.hyphenated(id);
        self.0.push(b'"');
    }

    pub(super) fn flag(&mut self, name: &str, flag: bool) {
        self.name(name);
        self.0
            .extend_from_slice(if flag { b"true" } else { b"false" });
    }

    pub(super) fn number(&mut self, name: &str, number: i64) {
        self.name(name);
        self.print(format_args!("{number}"));
    }

    /// A decimal with all its digits, trailing zeros too: in FHIR they say how exact it is.
    pub(super) fn decimal(&mut self, name: &str, value: Decimal) {
        self.name(name);
        self.print(format_args!("{value}"));
    }

    fn name(&mut self, name: &str) {
        self.comma();
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    /// A brace or a bracket is the last byte only where a value has just begun: a text ends with its quotation mark.
    fn comma(&mut self) {
        if !matches!(self.0.last(), Some(b'{' | b'[')) {
            self.0.push(b',');
        }
    }

    fn braced(&mut self, write: impl FnOnce(&mut Self)) {
        self.0.push(b'{');
        write(self);
        self.0.push(b'}');
    }

    fn hyphenated(&mut self, id: Uuid) {
        let mut buffer = Uuid::encode_buffer();
        self.0
            .extend_from_slice(id.hyphenated().encode_lower(&mut buffer).as_bytes());
    }

    fn quoted(&mut self, text: &str) {
        self.0.push(b'"');
        if text.bytes().any(escaped) {
            text.bytes().for_each(|byte| self.byte(byte));
        } else {
            self.0.extend_from_slice(text.as_bytes());
        }
        self.0.push(b'"');
    }

    fn byte(&mut self, byte: u8) {
        match byte {
            b'\n' => self.0.extend_from_slice(b"\\n"),
            b'\r' => self.0.extend_from_slice(b"\\r"),
            b'\t' => self.0.extend_from_slice(b"\\t"),
            b'"' | b'\\' => self.0.extend_from_slice(&[b'\\', byte]),
            0..=0x1F => self.print(format_args!("\\u{byte:04x}")),
            _ => self.0.push(byte),
        }
    }

    fn unescaped(&mut self, text: fmt::Arguments<'_>) {
        self.0.push(b'"');
        self.print(text);
        self.0.push(b'"');
    }

    fn print(&mut self, text: fmt::Arguments<'_>) {
        self.0.write_fmt(text).expect("a Vec takes every byte");
    }
}

fn escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// A number with a fixed count of digits after its point.
#[derive(Clone, Copy)]
pub(super) struct Decimal {
    digits: i64,
    places: u32,
}

impl Decimal {
    pub(super) const fn new(digits: i64, places: u32) -> Self {
        Self { digits, places }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.places == 0 {
            return write!(f, "{}", self.digits);
        }
        let one = 10_u64.pow(self.places);
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = self.digits.unsigned_abs();
        let places = self.places as usize;
        write!(f, "{sign}{}.{:0places$}", digits / one, digits % one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Json<'_>)) -> String {
        let mut out = Vec::new();
        Json::line(&mut out, write);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn members_are_parted_and_arrays_and_objects_closed() {
        let line = written(|json| {
            json.text("a", "{");
            json.object("b", |json| json.flag("c", true));
            json.array("d", |json| {
                json.item(|json| json.number("e", -7));
                json.item(|json| json.flag("f", false));
                json.item_text("[");
                json.item_text("x");
            });
            json.one("g", |json| {
                json.target("h", "Patient", Uuid::nil());
                json.plain("i", format_args!("{}/{}", 1, 2));
            });
        });
        assert_eq!(
            line,
            "{\"a\":\"{\",\"b\":{\"c\":true},\"d\":[{\"e\":-7},{\"f\":false},\"[\",\"x\"],\
             \"g\":[{\"h\":\"Patient/00000000-0000-0000-0000-000000000000\",\"i\":\"1/2\"}]}\n"
        );
    }

    #[test]
    fn text_is_escaped_as_json_asks_and_no_further() {
        let text = "\"q\" \\ \n\r\t \u{1}\u{1f} \u{7f} é 佐 👍 /";
        let line = written(|json| json.text("a", text));
        assert_eq!(line.matches('\n').count(), 1);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["a"], text);
        assert!(line.contains("é 佐 👍 /"));
    }

    #[test]
    fn decimals_keep_their_zeros() {
        let cases = [
            (740, 2, "7.40"),
            (5, 2, "0.05"),
            (-1_234, 3, "-1.234"),
            (-5, 1, "-0.5"),
            (120, 0, "120"),
            (0, 1, "0.0"),
        ];
        for (digits, places, text) in cases {
            assert_eq!(Decimal::new(digits, places).to_string(), text);
        }
    }
}
