//! What is looked at in a resource before it is loaded: that it is JSON, and its type and id. The rest is read over, not
//! understood, and stays as it is.

use std::borrow::Cow;

use bulk_export_domain::{resource_type::ResourceType, stored::is_id};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Why a resource cannot be loaded. Texts of the parser may repeat values: they go to the reject file only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Reason {
    #[error("not UTF-8 from byte {0} on; what is not is shown as U+FFFD")]
    NotUtf8(usize),
    #[error("longer than {0} bytes (EXPORT_MAX_RESOURCE_BYTES); its text is left out here")]
    TooLong(usize),
    #[error("not JSON: {0}")]
    NotJson(String),
    #[error("not a JSON object")]
    NotAnObject,
    #[error("no resourceType")]
    NoType,
    #[error("resourceType is none of FHIR R4")]
    UnknownType,
    #[error("no id")]
    NoId,
    #[error("the id is none that FHIR allows: 1 to 64 letters, digits, - and .")]
    BadId,
    #[error(
        "the file is not NDJSON, in which each line is a whole resource: its text is left out here; a Bundle is loaded with --bundle"
    )]
    NotNdjson,
    #[error(
        "the file is larger than {0} bytes, and a Bundle is read as a whole; its text is left out here"
    )]
    BundleTooLarge(u64),
    #[error("not a FHIR Bundle: {0}; its text is left out here")]
    NotABundle(String),
    #[error(
        "a Bundle of type {0} is not loaded, only transaction, batch, collection, searchset and document; its text is left out here"
    )]
    BundleType(String),
    #[error("not an entry of a Bundle: {0}")]
    NotAnEntry(String),
    #[error("the entry holds no resource")]
    NoResource,
    #[error("the entry is a {0}; only POST and PUT are loaded")]
    Method(String),
}

/// What is known of a resource.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head<'a> {
    pub(super) resource_type: ResourceType,
    pub(super) id: Option<Cow<'a, str>>,
    /// Where in the text the type's value ends.
    pub(super) after_type: usize,
}

#[derive(Deserialize)]
struct Top<'a> {
    #[serde(borrow, default, rename = "resourceType")]
    resource_type: Option<&'a RawValue>,
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
}

impl<'a> Head<'a> {
    /// Reads a resource.
    ///
    /// # Errors
    /// It is no JSON object, or of no known type, or has an id that FHIR does not allow.
    pub(super) fn read(text: &'a str) -> Result<Self, Reason> {
        // serde would take an array for the members in their order.
        if !text.trim_start().starts_with('{') {
            return Err(match serde_json::from_str::<serde::de::IgnoredAny>(text) {
                Ok(_) => Reason::NotAnObject,
                Err(error) => Reason::NotJson(error.to_string()),
            });
        }
        let top: Top<'_> =
            serde_json::from_str(text).map_err(|error| Reason::NotJson(error.to_string()))?;
        let name = top.resource_type.ok_or(Reason::NoType)?.get();
        let resource_type = name.trim_matches('"').parse();
        let resource_type = resource_type.map_err(|_| Reason::UnknownType)?;
        if top.id.as_deref().is_some_and(|id| !is_id(id)) {
            return Err(Reason::BadId);
        }
        // The name is a slice of the text.
        let after_type = name.as_ptr().addr() + name.len() - text.as_ptr().addr();
        Ok(Self {
            resource_type,
            id: top.id,
            after_type,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> String {
        Head::read(text).unwrap_err().to_string()
    }

    #[test]
    fn type_and_id_are_read_wherever_they_stand() {
        let text = r#" {"meta":{"id":"x","resourceType":"y"},"id":"a-1.B","resourceType" : "Patient","active":true}"#;
        let head = Head::read(text).unwrap();
        assert_eq!(head.resource_type, ResourceType::Patient);
        assert_eq!(head.id.as_deref(), Some("a-1.B"));
        assert!(text[..head.after_type].ends_with(r#""Patient""#));
        let escaped = Head::read(r#"{"resourceType":"Patient","id":"\u0061"}"#).unwrap();
        assert_eq!(escaped.id.as_deref(), Some("a"));
        let none = Head::read(r#"{"resourceType":"Patient","id":null}"#).unwrap();
        assert_eq!(none.id, None);
    }

    #[test]
    fn what_is_no_resource_is_told_with_the_reason() {
        let cases = [
            ("[\"Patient\",\"a\"]", "not a JSON object"),
            ("\"Patient\"", "not a JSON object"),
            ("{}", "no resourceType"),
            (r#"{"resourceType":null}"#, "no resourceType"),
            (
                r#"{"resourceType":"Patiens","id":"a"}"#,
                "resourceType is none of FHIR R4",
            ),
            (
                r#"{"resourceType":{"a":1},"id":"a"}"#,
                "resourceType is none of FHIR R4",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(reason(text), expected, "{text}");
        }
        for id in ["", "a/b", "a b", "a_b", "é", &"a".repeat(65)] {
            let text = format!(r#"{{"resourceType":"Patient","id":"{id}"}}"#);
            assert!(
                reason(&text).starts_with("the id is none that FHIR allows"),
                "{id}"
            );
        }
        for text in [
            "",
            "x",
            "{",
            r#"{"resourceType":"Patient","id":"a"}}"#,
            r#"{"resourceType":"Patient","id":"a"} {}"#,
            r#"{"resourceType":"Patient","id":"a","x":01}"#,
            r#"{"resourceType":"Patient","id":"a","x":"tab	"}"#,
            r#"{"resourceType":"Patient","id":"a","id":"b"}"#,
            r#"{"resourceType":"Patient","id":1}"#,
            r#"{"resourceType":"Patient","id":"a",}"#,
        ] {
            assert!(reason(text).starts_with("not JSON: "), "{text}");
        }
    }
}
