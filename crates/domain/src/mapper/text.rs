//! FHIR strings: what a text column may bring into a resource.
//!
//! It does not escape: that is the JSON writer's work.

use std::borrow::Cow;

use serde::Serialize;

use super::Reason;

/// The most characters a FHIR string may have.
const MOST_CHARACTERS: usize = 1024 * 1024;

/// A FHIR string: never empty, never only white space, without the characters FHIR forbids.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    /// Takes a text column; one without content is none.
    pub(super) fn of(column: &'static str, raw: &'a str) -> Result<Option<Self>, Reason> {
        let trimmed = raw.trim();
        if trimmed.is_empty() {
            return Ok(None);
        }
        if is_too_long(trimmed) {
            return Err(Reason::TextTooLong { column });
        }
        Ok(Some(Self(clean(trimmed))))
    }

    /// Takes a nullable text column.
    pub(super) fn of_nullable(
        column: &'static str,
        raw: Option<&'a str>,
    ) -> Result<Option<Self>, Reason> {
        raw.map_or(Ok(None), |raw| Self::of(column, raw))
    }

    /// Takes a text that can be done without: one that is too long is none.
    pub(super) fn if_it_fits(raw: &'a str) -> Option<Self> {
        Self::of("", raw).ok().flatten()
    }

    /// Takes one of our own words.
    pub(super) const fn fixed(word: &'static str) -> Self {
        Self(Cow::Borrowed(word))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Says whether a text has more characters than a FHIR string may have.
pub(super) fn is_too_long(text: &str) -> bool {
    // No text has more characters than bytes, so nearly all are never counted.
    text.len() > MOST_CHARACTERS && text.chars().count() > MOST_CHARACTERS
}

/// U+FFFD says that something stood there; dropping it would join what it parted.
fn clean(text: &str) -> Cow<'_, str> {
    // 0xEF begins U+FFFE and U+FFFF in UTF-8, and no character that is common in names.
    let suspect = text.bytes().any(|byte| byte < 0x20 || byte == 0xEF);
    if suspect && text.contains(is_forbidden) {
        Cow::Owned(text.replace(is_forbidden, "\u{FFFD}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The control characters that FHIR forbids, and the two non-characters that its XML form could not carry.
fn is_forbidden(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(raw: &str) -> Option<String> {
        Text::of("column", raw)
            .unwrap()
            .map(|text| text.0.into_owned())
    }

    #[test]
    fn text_without_content_is_none() {
        for raw in [
            "",
            " ",
            "\t\r\n",
            "\u{A0}\u{3000}\u{2028}",
            "\u{B}\u{C}\u{85}",
        ] {
            assert_eq!(of(raw), None, "{raw:?}");
        }
        assert_eq!(Text::of_nullable("column", None), Ok(None));
    }

    #[test]
    fn outer_white_space_goes_and_inner_stays() {
        assert_eq!(
            of(" \n a \t\r\n b\u{3000}c \u{A0}").as_deref(),
            Some("a \t\r\n b\u{3000}c")
        );
    }

    #[test]
    fn forbidden_characters_are_replaced_one_by_one() {
        let forbidden = (0..0x20)
            .filter_map(char::from_u32)
            .filter(|c| !"\t\n\r".contains(*c));
        for c in forbidden.chain(['\u{FFFE}', '\u{FFFF}']) {
            assert_eq!(
                of(&format!("a{c}{c}b")).as_deref(),
                Some("a\u{FFFD}\u{FFFD}b"),
                "{c:?}"
            );
        }
    }

    #[test]
    fn other_characters_are_kept() {
        for raw in [
            "a\u{7F}b",
            "a\u{85}b",
            "\u{FEFF}a",
            "a\u{2028}\u{2029}b",
            "\u{FFFD}",
            "שָׁלוֹם",
            "👩🏽‍⚕️",
            "ｱ",
            "\u{10FFFF}",
        ] {
            assert_eq!(of(raw).as_deref(), Some(raw));
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        let longest = "é".repeat(MOST_CHARACTERS);
        assert_eq!(of(&longest).as_deref(), Some(longest.as_str()));
        assert_eq!(
            Text::of("column", &format!("{longest}é")),
            Err(Reason::TextTooLong { column: "column" })
        );
    }
}
