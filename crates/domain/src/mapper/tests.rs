//! What the mapper writes, byte for byte.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{FhirMapper, Reason};
use crate::clinical::{ClinicalRow, ConsentRow, HistoryRow, MedicalRecordRow, PatientRow};

mod consent;
mod document_reference;
mod escaping;
mod patient;
mod provenance;

fn id(last: u128) -> Uuid {
    Uuid::from_u128(0x0123_4567_89ab_4cde_8f01_0000_0000_0000 + last)
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The row's line, without its line feed.
fn line(row: impl Into<ClinicalRow>) -> String {
    let mut out = b"before\n".to_vec();
    FhirMapper::new().write(&row.into(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let line = text
        .strip_prefix("before\n")
        .unwrap()
        .strip_suffix('\n')
        .unwrap();
    assert!(!line.contains(['\n', '\r']), "{line}");
    line.into()
}

fn json(row: impl Into<ClinicalRow>) -> serde_json::Value {
    serde_json::from_str(&line(row)).unwrap()
}

/// Why the row is refused; checks that it then left nothing behind.
fn refusal(row: impl Into<ClinicalRow>) -> Reason {
    let row = row.into();
    let mut out = b"before\n".to_vec();
    let unmappable = FhirMapper::new().write(&row, &mut out).unwrap_err();
    assert_eq!(out, b"before\n");
    assert_eq!(unmappable.id, row.id());
    assert_eq!(unmappable.to_string(), unmappable.reason.to_string());
    assert!(!format!("{unmappable:?}").contains(&row.id().to_string()));
    unmappable.reason
}

fn bare_patient() -> PatientRow {
    PatientRow {
        id: id(1),
        mrn: "M-1".into(),
        first_name: "Ada".into(),
        middle_name: None,
        last_name: "Lovelace".into(),
        sex: None,
        date_of_birth: None,
        phone: None,
        email: None,
        address: None,
        created_at: time("2023-05-06T07:08:09Z"),
        updated_at: time("2024-05-06T07:08:09.123456Z"),
    }
}

fn bare_record() -> MedicalRecordRow {
    MedicalRecordRow {
        id: id(2),
        patient_id: id(1),
        provider_id: None,
        record_type: "other".into(),
        description: None,
        status: "active".into(),
        record_date: time("2022-03-04T05:06:07Z"),
        version: 1,
        metadata: None,
        created_at: time("2023-05-06T07:08:09Z"),
        updated_at: time("2024-05-06T07:08:09.123456Z"),
    }
}

fn bare_consent() -> ConsentRow {
    ConsentRow {
        id: id(3),
        patient_id: id(1),
        medical_record_id: None,
        shared_with_practitioner: None,
        shared_with_organization: None,
        status: "pending".into(),
        granted_at: None,
        expires_at: None,
        created_at: time("2023-05-06T07:08:09Z"),
        updated_at: time("2024-05-06T07:08:09.123456Z"),
    }
}

fn bare_event() -> HistoryRow {
    HistoryRow {
        id: id(4),
        patient_id: id(1),
        medical_record_id: id(2),
        event_type: "viewed".into(),
        event_description: None,
        performed_by: None,
        created_at: time("2024-05-06T07:08:09.123456Z"),
    }
}
