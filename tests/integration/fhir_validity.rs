//! What the mapper writes is valid FHIR R4, and so are the made-up records: held against the published JSON schema, the
//! published value sets and code systems, and the rules of the specification that neither can say.
//!
//! The definitions are fetched by `tests/fhir-schema/fetch`. Without them every test here fails and says so.

mod adversarial;
mod codes;
mod generated;
mod mutations;
pub(crate) mod published;
mod records;
mod rules;
mod schema;

use bulk_export_domain::{clinical::ClinicalRow, mapper::FhirMapper};
use serde_json::Value;

/// Maps a row and reads the line back, as a client does.
fn mapped(row: &ClinicalRow) -> Value {
    let mut line = Vec::new();
    FhirMapper::new()
        .write(row, &mut line)
        .unwrap_or_else(|e| panic!("refused: {e}"));
    assert_eq!(line.pop(), Some(b'\n'), "a line ends with a line feed");
    assert!(
        !line.contains(&b'\n') && !line.contains(&b'\r'),
        "a line is one line"
    );
    let resource: Value = serde_json::from_slice(&line).expect("a line is JSON");
    assert_eq!(resource["id"], row.id().to_string());
    resource
}

/// Puts a value at a JSON pointer; null removes what is there.
fn mutated(resource: &Value, pointer: &str, value: &Value) -> Value {
    let mut resource = resource.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = resource
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("no parent of {pointer} in the valid resource"));
    match parent {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value.clone(),
        Value::Object(members) if value.is_null() => {
            members
                .remove(name)
                .unwrap_or_else(|| panic!("no {pointer} in the valid resource"));
        }
        Value::Object(members) => {
            members.insert(name.into(), value.clone());
        }
        _ => panic!("{pointer}"),
    }
    resource
}
