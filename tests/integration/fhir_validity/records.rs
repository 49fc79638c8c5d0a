//! The made-up records of sixteen types are valid: held against the published schema, the published definitions of the
//! types (cardinalities, bindings, what a reference may lead to), and the invariants that apply to them.

mod definitions;
mod invariants;

use std::collections::BTreeMap;

use bulk_export_cli::records::{RecordType, Records, Sink};
use serde_json::{Value, json};

use self::definitions::Definitions;
use super::{mutated, rules, schema::Schema};

/// Of each type and seed, where there are so many.
const MOST: usize = 300;
/// More than one organization, and three groups.
const PATIENTS: u64 = 260;

/// Keeps the first lines of each type.
#[derive(Default)]
struct First {
    lines: BTreeMap<RecordType, Vec<Vec<u8>>>,
}

impl Sink for First {
    fn next(&mut self, of: RecordType) -> Option<&mut Vec<u8>> {
        let lines = self.lines.entry(of).or_default();
        if lines.len() == MOST {
            return None;
        }
        lines.push(Vec::new());
        lines.last_mut()
    }
}

fn resources(seed: u64) -> BTreeMap<RecordType, Vec<Value>> {
    let records = Records::new(PATIENTS, seed);
    let mut first = First::default();
    for patient in 0..PATIENTS {
        records.write(patient, &mut first);
    }
    let read = |line: Vec<u8>| serde_json::from_slice(&line).expect("a line is JSON");
    first
        .lines
        .into_iter()
        .map(|(of, lines)| (of, lines.into_iter().map(read).collect()))
        .collect()
}

fn check(resource: &Value) -> Result<(), String> {
    Schema::as_published().check(resource)?;
    rules::shape(resource)?;
    Definitions::published().check(resource)?;
    invariants::check(resource)
}

fn every_resource_is_valid(seed: u64) {
    let resources = resources(seed);
    assert_eq!(resources.len(), RecordType::COUNT);
    let all: Vec<_> = resources.into_values().flatten().collect();
    assert!(all.len() > 3_000, "{}", all.len());
    for resource in all {
        assert_eq!(check(&resource), Ok(()), "{resource}");
    }
}

#[test]
fn every_resource_of_one_seed_is_valid() {
    every_resource_is_valid(1);
}

#[test]
fn every_resource_of_another_seed_is_valid() {
    every_resource_is_valid(0xDEAD_BEEF);
}

#[test]
fn every_resource_of_the_last_seed_is_valid() {
    every_resource_is_valid(u64::MAX);
}

/// Makes the first resource that `has` what is changed wrong in one place after the other.
fn refused(of: RecordType, has: &str, mutations: &[(&str, Value)]) {
    let resources = resources(6);
    let valid = resources[&of]
        .iter()
        .find(|resource| resource.pointer(has).is_some())
        .unwrap_or_else(|| panic!("no {of:?} with {has}"));
    assert_eq!(check(valid), Ok(()), "{valid}");
    for (pointer, value) in mutations {
        let wrong = mutated(valid, pointer, value);
        assert!(check(&wrong).is_err(), "{of:?} {pointer} {value}");
    }
}

#[test]
fn a_missing_element_a_wrong_code_and_a_wrong_target_are_refused() {
    refused(
        RecordType::Observation,
        "/valueQuantity",
        &[
            ("/status", json!(null)),
            ("/status", json!("done")),
            ("/code", json!(null)),
            ("/subject/reference", json!("Organization/1")),
            ("/category/0/coding/0/display", json!("Vitals")),
            ("/valueQuantity/value", json!("5")),
            ("/valueQuantity/system", json!(null)),
            ("/dataAbsentReason", json!({"text": "none"})),
            ("/issued", json!("2024-05-06")),
            ("/effectiveDateTime", json!("2024-05-06T07:08")),
            ("/component", json!([])),
        ],
    );
    refused(
        RecordType::Immunization,
        "/protocolApplied",
        &[
            ("/status", json!(null)),
            ("/vaccineCode", json!(null)),
            ("/occurrenceDateTime", json!(null)),
            ("/patient", json!(null)),
            ("/performer/0/actor", json!(null)),
            ("/performer/0/actor/reference", json!("Patient/1")),
            ("/protocolApplied/0/doseNumberPositiveInt", json!(null)),
            ("/protocolApplied/0/doseNumberPositiveInt", json!(0)),
        ],
    );
    refused(
        RecordType::MedicationRequest,
        "/dosageInstruction/0/timing",
        &[
            ("/intent", json!(null)),
            ("/intent", json!("wish")),
            ("/medicationCodeableConcept", json!(null)),
            ("/subject", json!(null)),
            (
                "/dosageInstruction/0/timing/repeat/periodUnit",
                json!("day"),
            ),
            ("/dosageInstruction/0/timing/repeat/periodUnit", json!(null)),
            ("/substitution/allowedBoolean", json!(null)),
        ],
    );
}

#[test]
fn a_broken_invariant_is_refused() {
    refused(
        RecordType::Condition,
        "/abatementDateTime",
        &[
            ("/clinicalStatus/coding/0/code", json!("active")),
            ("/clinicalStatus", json!(null)),
            (
                "/verificationStatus/coding/0/code",
                json!("entered-in-error"),
            ),
            ("/verificationStatus/coding/0/code", json!("certain")),
        ],
    );
    refused(
        RecordType::AllergyIntolerance,
        "/reaction",
        &[
            ("/clinicalStatus", json!(null)),
            ("/reaction/0/manifestation", json!(null)),
            ("/type", json!("hate")),
            ("/category/0", json!("animal")),
        ],
    );
    refused(
        RecordType::Encounter,
        "/diagnosis",
        &[
            ("/class", json!(null)),
            ("/class/code", json!("AMBULANT")),
            ("/period/end", json!("1999-01-01T00:00:00Z")),
            ("/diagnosis/0/condition", json!(null)),
            ("/location/0/status", json!("there")),
        ],
    );
    refused(
        RecordType::Consent,
        "/provision",
        &[
            ("/policyRule", json!(null)),
            ("/scope", json!(null)),
            ("/provision/actor/0/role", json!(null)),
        ],
    );
    refused(
        RecordType::Group,
        "/member",
        &[
            ("/actual", json!(false)),
            ("/type", json!(null)),
            (
                "/member/0/entity/reference",
                json!("Encounter/f0e5cbdc-21c4-4f43-8e0d-000000000000"),
            ),
        ],
    );
    refused(
        RecordType::Patient,
        "/contact",
        &[
            ("/telecom/0/system", json!(null)),
            (
                "/extension/0/valueString",
                json!("an extension has one value"),
            ),
            ("/link", json!([{"type": "refer"}])),
        ],
    );
    refused(
        RecordType::DocumentReference,
        "/content",
        &[
            ("/content/0/attachment/contentType", json!(null)),
            ("/content/0/attachment", json!(null)),
        ],
    );
}
