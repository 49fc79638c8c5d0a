//! Writes the JSON of a Bundle's entry as the one line that the store holds: white space between tokens is left out, and
//! references to entries of the Bundle name their resources. All other tokens stay as they are, byte for byte: a number
//! that were read and written again could lose digits.

use std::collections::HashMap;

/// What the references of a Bundle mean: the resource, as `Type/id`, by the `fullUrl` of its entry.
pub(super) type Links = HashMap<String, String>;

/// A scheme that only the entries of the same Bundle can give a meaning.
pub(super) const TEMPORARY: &str = "urn:uuid:";

/// Appends valid JSON, and gives how many of its references name no entry and stayed as they are.
pub(super) fn append(json: &str, links: &Links, out: &mut String) -> u64 {
    let (mut rest, mut unknown, mut is_reference) = (json, 0, false);
    while let Some(quote) = memchr::memchr(b'"', rest.as_bytes()) {
        let (between, string) = rest.split_at(quote);
        let start = out.len();
        append_structure(between, out);
        let is_value = is_reference && &out[start..] == ":";
        let (string, after) = string.split_at(end_of_string(string));
        let content = string.trim_matches('"');
        if let Some(resource) = links.get(content).filter(|_| is_value) {
            out.extend(["\"", resource, "\""]);
        } else {
            unknown += u64::from(is_value && content.starts_with(TEMPORARY));
            out.push_str(string);
        }
        // As a value it is followed by something else than a colon.
        is_reference = string == "\"reference\"";
        rest = after;
    }
    append_structure(rest, out);
    unknown
}

/// Appends what stands between strings: brackets, commas, colons, numbers and literals.
fn append_structure(json: &str, out: &mut String) {
    out.extend(json.split_ascii_whitespace());
}

/// Gives where the string ends that begins here, with its quotes.
fn end_of_string(json: &str) -> usize {
    let bytes = json.as_bytes();
    let mut at = 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found + 1;
        if bytes[at - 1] == b'"' {
            return at;
        }
        at += 1;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn links() -> Links {
        let link = |(from, to): (&str, &str)| (from.to_owned(), to.to_owned());
        [
            ("urn:uuid:1", "Patient/p-1"),
            ("urn:uuid:2", "Encounter/e.2"),
        ]
        .map(link)
        .into()
    }

    fn written(json: &str) -> (String, u64) {
        let mut out = String::new();
        let unknown = append(json, &links(), &mut out);
        (out, unknown)
    }

    #[test]
    fn references_of_the_bundle_name_their_resources_and_nothing_else_changes() {
        let json = "{\r\n  \"resourceType\" : \"Observation\",\n\t\"subject\": { \"reference\" : \"urn:uuid:1\" },
            \"valueQuantity\": {\"value\": 1.10000000000000000000000000000000000001, \"x\": -0.0e+07},
            \"focus\": [{\"reference\": \"urn:uuid:2\", \"display\": \"urn:uuid:1  \\\" \\\\\"}, {\"reference\":\"Group/1\"}],
            \"identifier\": [{\"value\": \"urn:uuid:1\"}], \"url\": \"urn:uuid:2\", \"flags\": [true , null,  false ] }";
        let expected = r#"{"resourceType":"Observation","subject":{"reference":"Patient/p-1"},"valueQuantity":{"value":1.10000000000000000000000000000000000001,"x":-0.0e+07},"focus":[{"reference":"Encounter/e.2","display":"urn:uuid:1  \" \\"},{"reference":"Group/1"}],"identifier":[{"value":"urn:uuid:1"}],"url":"urn:uuid:2","flags":[true,null,false]}"#;
        assert_eq!(written(json), (expected.to_owned(), 0));
    }

    #[test]
    fn a_text_that_looks_like_a_reference_is_none() {
        for json in [
            r#"{"text":"\"reference\":\"urn:uuid:1\""}"#,
            r#"{"a":"reference","b":"urn:uuid:1"}"#,
            r#"["reference","urn:uuid:1"]"#,
            r#"{"a\"reference":"urn:uuid:1"}"#,
            r#"{"reference":{"a":"urn:uuid:1"}}"#,
            r#"{"reference":["urn:uuid:1"]}"#,
        ] {
            assert_eq!(written(json), (json.to_owned(), 0));
        }
        let dangling = r#"{"reference":"urn:uuid:3"}"#;
        assert_eq!(written(dangling), (dangling.to_owned(), 1));
    }

    /// The same, by way of a parsed value.
    fn rewrite(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let link = value.as_str().and_then(|text| links().remove(text));
                    match link.filter(|_| name == "reference") {
                        Some(resource) => *value = Value::String(resource),
                        None => rewrite(value),
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(rewrite),
            _ => {}
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            Just("urn:uuid:1".to_owned()),
            Just("reference".to_owned()),
            "[a\"\\\\ \n\u{e9}{}:,]{0,6}"
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 5, move |inner| {
            let name = prop_oneof![Just("reference".to_owned()), text.clone()];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(name, inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_parser(value in json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            let mut expected = value;
            rewrite(&mut expected);
            let (line, _) = written(&text.unwrap());
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(line, serde_json::to_string(&expected).unwrap());
        }
    }
}
