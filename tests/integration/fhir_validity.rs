//! What the mapper writes is valid FHIR R4: held against the published JSON schema, the published value sets and code
//! systems, and the rules of the specification that neither can say.
//!
//! The definitions are fetched by `tests/fhir-schema/fetch`. Without them every test here fails and says so.

mod adversarial;
mod codes;
mod generated;
mod mutations;
pub(crate) mod published;
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
