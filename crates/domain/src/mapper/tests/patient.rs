//! Patient.

use chrono::NaiveDate;

use super::*;

#[test]
fn a_full_row() {
    let row = PatientRow {
        middle_name: Some("Augusta".into()),
        sex: Some("female".into()),
        date_of_birth: NaiveDate::from_ymd_opt(1815, 12, 10),
        phone: Some("+44 20 7946 0000".into()),
        email: Some("ada@example.org".into()),
        address: Some("12 St James's Square\nLondon".into()),
        ..bare_patient()
    };
    assert_eq!(
        line(row),
        concat!(
            r#"{"resourceType":"Patient","id":"01234567-89ab-4cde-8f01-000000000001","#,
            r#""meta":{"lastUpdated":"2024-05-06T07:08:09.123Z"},"#,
            r#""identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","#,
            r#""code":"MR","display":"Medical record number"}]},"value":"M-1"}],"#,
            r#""name":[{"text":"Ada Augusta Lovelace","family":"Lovelace","given":["Ada","Augusta"]}],"#,
            r#""telecom":[{"system":"phone","value":"+44 20 7946 0000"},{"system":"email","value":"ada@example.org"}],"#,
            r#""gender":"female","birthDate":"1815-12-10","address":[{"text":"12 St James's Square\nLondon"}]}"#,
        )
    );
}

#[test]
fn a_row_of_nulls() {
    assert_eq!(
        line(bare_patient()),
        concat!(
            r#"{"resourceType":"Patient","id":"01234567-89ab-4cde-8f01-000000000001","#,
            r#""meta":{"lastUpdated":"2024-05-06T07:08:09.123Z"},"#,
            r#""identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","#,
            r#""code":"MR","display":"Medical record number"}]},"value":"M-1"}],"#,
            r#""name":[{"text":"Ada Lovelace","family":"Lovelace","given":["Ada"]}]}"#,
        )
    );
}

#[test]
fn text_without_content_counts_as_null() {
    let blank = || Some(" \t\n".to_owned());
    let row = PatientRow {
        mrn: String::new(),
        first_name: " ".into(),
        middle_name: blank(),
        last_name: "\n".into(),
        phone: blank(),
        email: blank(),
        address: blank(),
        ..bare_patient()
    };
    assert_eq!(
        line(row),
        concat!(
            r#"{"resourceType":"Patient","id":"01234567-89ab-4cde-8f01-000000000001","#,
            r#""meta":{"lastUpdated":"2024-05-06T07:08:09.123Z"}}"#,
        )
    );
}

#[test]
fn a_name_may_lack_any_part() {
    let named = |first: &str, middle: &str, last: &str| {
        let (first_name, last_name) = (first.into(), last.into());
        json(PatientRow {
            first_name,
            middle_name: Some(middle.into()),
            last_name,
            ..bare_patient()
        })["name"][0]
            .clone()
    };
    assert_eq!(
        named("", "", "Platon"),
        serde_json::json!({"text": "Platon", "family": "Platon"})
    );
    assert_eq!(
        named("", "María José", ""),
        serde_json::json!({"text": "María José", "given": ["María José"]})
    );
}

#[test]
fn every_stored_sex_is_a_gender() {
    for sex in ["male", "female", "other", "unknown"] {
        assert_eq!(
            json(PatientRow {
                sex: Some(sex.into()),
                ..bare_patient()
            })["gender"],
            sex
        );
    }
    for sex in ["", "M", "Female"] {
        assert!(
            json(PatientRow {
                sex: Some(sex.into()),
                ..bare_patient()
            })
            .get("gender")
            .is_none()
        );
    }
}

#[test]
fn three_long_names_still_make_a_name() {
    let long = "é".repeat(1024 * 1024);
    let name = json(PatientRow {
        first_name: long.clone(),
        ..bare_patient()
    })["name"][0]
        .clone();
    assert!(name.get("text").is_none());
    assert_eq!(name["given"][0], long);
}

#[test]
fn what_fhir_cannot_hold_is_refused_by_column() {
    let year = |column| Reason::YearOutOfRange { column };
    let ancient = PatientRow {
        date_of_birth: NaiveDate::from_ymd_opt(0, 1, 1),
        ..bare_patient()
    };
    assert_eq!(refusal(ancient), year("date_of_birth"));
    let late = PatientRow {
        updated_at: time("+10000-01-01T00:00:00Z"),
        ..bare_patient()
    };
    assert_eq!(refusal(late), year("updated_at"));
    let long = PatientRow {
        address: Some("x".repeat(1024 * 1024 + 1)),
        ..bare_patient()
    };
    assert_eq!(refusal(long), Reason::TextTooLong { column: "address" });
}
