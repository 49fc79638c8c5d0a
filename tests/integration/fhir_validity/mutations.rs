//! The checks can fail: a valid resource is made wrong in one place after the other, and each time it is refused.

use bulk_export_cli::sample::Sample;
use bulk_export_domain::clinical::ClinicalRow;
use serde_json::{Value, json};

use super::{mapped, mutated, rules, schema::Schema};

/// Who has to see what is wrong.
#[derive(Clone, Copy, PartialEq, Debug)]
enum By {
    Schema,
    Rules,
}

fn refused(row: impl Into<ClinicalRow>, mutations: &[(By, &str, Value)]) {
    let valid = mapped(&row.into());
    for schema in [Schema::as_published(), Schema::by_the_text()] {
        assert_eq!(schema.check(&valid), Ok(()), "{valid}");
    }
    assert_eq!(rules::check(&valid), Ok(()), "{valid}");
    for (by, pointer, value) in mutations {
        let wrong = mutated(&valid, pointer, value);
        match by {
            By::Schema => {
                assert!(
                    Schema::as_published().check(&wrong).is_err(),
                    "{pointer} {value}"
                );
                assert!(
                    Schema::by_the_text().check(&wrong).is_err(),
                    "{pointer} {value}"
                );
            }
            By::Rules => assert!(rules::check(&wrong).is_err(), "{pointer} {value}"),
        }
    }
}

fn long() -> Value {
    Value::String("é".repeat(1024 * 1024 + 1))
}

#[test]
fn a_wrong_patient_is_refused() {
    let row = Sample::new(1000, 4)
        .patients()
        .find(|row| {
            row.phone.is_some()
                && row.sex.is_some()
                && row.date_of_birth.is_some()
                && row.address.is_some()
        })
        .unwrap();
    refused(
        row,
        &[
            (By::Schema, "/resourceType", json!("RelatedPerson")),
            (By::Schema, "/resourceType", json!(null)),
            (By::Schema, "/gender", json!("Female")),
            (By::Schema, "/gender", json!("")),
            (By::Schema, "/birthDate", json!("1815-13-10")),
            (By::Schema, "/birthDate", json!("0000-01-01")),
            (By::Schema, "/birthDate", json!("1815-12-10T00:00:00Z")),
            (By::Schema, "/nickname", json!("x")),
            (By::Schema, "/name/0/given", json!("Ada")),
            (By::Schema, "/name/0/given/0", json!("")),
            (By::Schema, "/name/0/family", json!(["x"])),
            (By::Schema, "/name", json!({"text": "x"})),
            (By::Schema, "/telecom/0/system", json!("telephone")),
            (By::Schema, "/telecom/0/value", json!(12)),
            (By::Schema, "/address/0/text", json!(7)),
            (By::Schema, "/id", json!("not an id")),
            (By::Schema, "/id", json!("x".repeat(65))),
            (By::Schema, "/meta/lastUpdated", json!("2024-05-06")),
            (
                By::Schema,
                "/meta/lastUpdated",
                json!("2024-05-06T07:08:09"),
            ),
            (
                By::Schema,
                "/contained",
                json!([{"resourceType": "Patient"}]),
            ),
            (By::Rules, "/id", json!("0")),
            (By::Rules, "/id", json!(null)),
            (
                By::Rules,
                "/meta/lastUpdated",
                json!("2024-05-06T07:08:09.123+02:00"),
            ),
            (
                By::Rules,
                "/meta/lastUpdated",
                json!("2024-02-30T07:08:09.123Z"),
            ),
            (By::Rules, "/telecom/0/system", json!(null)),
            (By::Rules, "/telecom", json!([])),
            (By::Rules, "/address/0", json!({})),
            (By::Rules, "/address/0/text", json!(" ")),
            (By::Rules, "/address/0/text", json!("a\u{1}b")),
            (By::Rules, "/address/0/text", json!("a ")),
            (By::Rules, "/address/0/text", long()),
        ],
    );
}

#[test]
fn a_wrong_document_reference_is_refused() {
    let row = Sample::new(1000, 4)
        .records()
        .find(|row| {
            row.record_type == "lab_result"
                && row.provider_id.is_some()
                && row
                    .metadata
                    .as_ref()
                    .is_some_and(|it| it["cid"].is_string())
        })
        .unwrap();
    refused(
        row,
        &[
            (By::Schema, "/status", json!("active")),
            (By::Schema, "/content", json!(null)),
            (By::Schema, "/content/0/attachment", json!(null)),
            (By::Schema, "/content/0/attachment/size", json!("12")),
            (By::Schema, "/content/0/attachment/sha256", json!("00")),
            (By::Schema, "/content/0/attachment/url", json!("ipfs://a b")),
            (By::Schema, "/type/coding", json!({"code": "x"})),
            (By::Schema, "/type/coding/0/code", json!(" 11502-2")),
            (By::Schema, "/category", json!({"text": "x"})),
            (By::Schema, "/subject", json!("Patient/1")),
            (By::Schema, "/author/0", json!("Practitioner/1")),
            (By::Schema, "/date", json!("2024")),
            (By::Schema, "/context/period/start", json!("yesterday")),
            (By::Schema, "/masterIdentifier", json!([])),
            (By::Rules, "/status", json!(null)),
            (By::Rules, "/subject/reference", json!("Patient/1")),
            (
                By::Rules,
                "/subject/reference",
                json!("Group/01234567-89ab-4cde-8f01-000000000001"),
            ),
            (
                By::Rules,
                "/author/0/reference",
                json!("Practitioner/01234567-89AB-4cde-8f01-000000000001"),
            ),
            (By::Rules, "/content/0/attachment/title", json!(null)),
            (
                By::Rules,
                "/content/0/attachment/size",
                json!(2_147_483_648_u64),
            ),
            (By::Rules, "/content/0/attachment/size", json!(-1)),
            (By::Rules, "/content/0/attachment/size", json!(1.5)),
            (By::Rules, "/content/0/attachment/url", json!("bafy")),
            (
                By::Rules,
                "/content/0/attachment/hash",
                json!("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
            ),
            (
                By::Rules,
                "/content/0/attachment",
                json!({"title": "x", "data": "eA=="}),
            ),
            (
                By::Rules,
                "/context/period/end",
                json!("1999-01-01T00:00:00.000Z"),
            ),
            (By::Rules, "/description", json!("")),
        ],
    );
}

#[test]
fn a_wrong_consent_is_refused() {
    let row = Sample::new(1000, 4)
        .consents()
        .find(|row| {
            row.medical_record_id.is_some()
                && row.shared_with_practitioner.is_some()
                && row.expires_at.is_some()
        })
        .unwrap();
    refused(
        row,
        &[
            (By::Schema, "/status", json!("granted")),
            (By::Schema, "/scope", json!(null)),
            (By::Schema, "/category", json!(null)),
            (By::Schema, "/provision/type", json!("allow")),
            (By::Schema, "/provision/data/0/meaning", json!("this")),
            (By::Schema, "/provision/data/0/reference", json!(null)),
            (By::Schema, "/provision/actor/0/role", json!(null)),
            (By::Schema, "/provision/actor/0/reference", json!(null)),
            (
                By::Schema,
                "/provision/period/end",
                json!("2024-05-06 07:08:09"),
            ),
            (By::Schema, "/provision", json!([])),
            (By::Schema, "/dateTime", json!(0)),
            (By::Schema, "/patient", json!([])),
            (By::Rules, "/status", json!(null)),
            (By::Rules, "/patient", json!(null)),
            (By::Rules, "/policyRule", json!(null)),
            (By::Rules, "/provision/actor", json!(null)),
            (
                By::Rules,
                "/provision/period/end",
                json!("1999-01-01T00:00:00.000Z"),
            ),
            (
                By::Rules,
                "/provision/actor/0/reference/reference",
                json!("Practitioner/"),
            ),
        ],
    );
}

#[test]
fn a_wrong_provenance_is_refused() {
    let row = Sample::new(1000, 4)
        .history()
        .find(|row| row.performed_by.is_some() && row.event_description.is_some())
        .unwrap();
    refused(
        row,
        &[
            (By::Schema, "/target", json!(null)),
            (By::Schema, "/agent", json!(null)),
            (By::Schema, "/agent/0/who", json!(null)),
            (By::Schema, "/agent/0/type", json!("performer")),
            (By::Schema, "/activity", json!("CREATE")),
            (By::Schema, "/activity/text", json!("")),
            (By::Schema, "/recorded", json!("2024-05-06")),
            (By::Schema, "/patient", json!({"reference": "Patient/1"})),
            (By::Rules, "/recorded", json!(null)),
            (By::Rules, "/recorded", json!("2024-05-06T07:08:09.123456Z")),
            (By::Rules, "/target/0/reference", json!(null)),
            (By::Rules, "/agent/0/who", json!({"type": "Device"})),
        ],
    );
}
