//! Consent.

use serde_json::json;

use super::*;

fn full() -> ConsentRow {
    ConsentRow {
        medical_record_id: Some(id(2)),
        shared_with_practitioner: Some(id(8)),
        shared_with_organization: Some(id(9)),
        status: "granted".into(),
        granted_at: Some(time("2023-06-01T00:00:00Z")),
        expires_at: Some(time("2025-06-01T00:00:00Z")),
        ..bare_consent()
    }
}

#[test]
fn a_full_row() {
    assert_eq!(
        line(full()),
        concat!(
            r#"{"resourceType":"Consent","id":"01234567-89ab-4cde-8f01-000000000003","#,
            r#""meta":{"lastUpdated":"2024-05-06T07:08:09.123Z"},"status":"active","#,
            r#""scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","#,
            r#""code":"patient-privacy","display":"Privacy Consent"}]},"#,
            r#""category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}],"text":"Patient consent"},"#,
            r#"{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","#,
            r#""code":"IDSCL","display":"information disclosure"}]}],"#,
            r#""patient":{"reference":"Patient/01234567-89ab-4cde-8f01-000000000001"},"#,
            r#""dateTime":"2023-06-01T00:00:00.000Z","#,
            r#""policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","#,
            r#""code":"OPTOUTE","display":"opt-out with exceptions"}],"#,
            r#""text":"Nothing is shared but what this consent permits"},"#,
            r#""provision":{"type":"permit","#,
            r#""period":{"start":"2023-06-01T00:00:00.000Z","end":"2025-06-01T00:00:00.000Z"},"#,
            r#""actor":[{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","#,
            r#""code":"IRCP","display":"information recipient"}]},"#,
            r#""reference":{"reference":"Practitioner/01234567-89ab-4cde-8f01-000000000008"}},"#,
            r#"{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","#,
            r#""code":"IRCP","display":"information recipient"}]},"#,
            r#""reference":{"reference":"Organization/01234567-89ab-4cde-8f01-000000000009"}}],"#,
            r#""data":[{"meaning":"instance","#,
            r#""reference":{"reference":"DocumentReference/01234567-89ab-4cde-8f01-000000000002"}}]}}"#,
        )
    );
}

#[test]
fn a_row_of_nulls() {
    assert_eq!(
        line(bare_consent()),
        concat!(
            r#"{"resourceType":"Consent","id":"01234567-89ab-4cde-8f01-000000000003","#,
            r#""meta":{"lastUpdated":"2024-05-06T07:08:09.123Z"},"status":"proposed","#,
            r#""scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","#,
            r#""code":"patient-privacy","display":"Privacy Consent"}]},"#,
            r#""category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}],"text":"Patient consent"},"#,
            r#"{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","#,
            r#""code":"IDSCL","display":"information disclosure"}]}],"#,
            r#""patient":{"reference":"Patient/01234567-89ab-4cde-8f01-000000000001"},"#,
            r#""dateTime":"2023-05-06T07:08:09.000Z","#,
            r#""policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","#,
            r#""code":"OPTOUTE","display":"opt-out with exceptions"}],"#,
            r#""text":"Nothing is shared but what this consent permits"}}"#,
        )
    );
}

#[test]
fn the_status_is_the_stored_one_however_old_the_expiry() {
    for (stored, expected) in [
        ("pending", "proposed"),
        ("granted", "active"),
        ("revoked", "inactive"),
        ("expired", "inactive"),
    ] {
        let expires_at = Some(time("2023-06-02T00:00:00Z"));
        let resource = json(ConsentRow {
            status: stored.into(),
            expires_at,
            ..full()
        });
        assert_eq!(resource["status"], expected);
        assert_eq!(
            resource["provision"]["period"]["end"],
            "2023-06-02T00:00:00.000Z"
        );
    }
    let unknown = ConsentRow {
        status: "GRANTED".into(),
        ..full()
    };
    assert_eq!(refusal(unknown), Reason::UnknownCode { column: "status" });
}

#[test]
fn without_a_recipient_nothing_is_permitted() {
    let nobody = ConsentRow {
        shared_with_practitioner: None,
        shared_with_organization: None,
        ..full()
    };
    let provision = json(nobody)["provision"].clone();
    assert_eq!(
        provision,
        json!({"period": {"start": "2023-06-01T00:00:00.000Z", "end": "2025-06-01T00:00:00.000Z"}})
    );
}

#[test]
fn a_consent_to_all_records_names_none() {
    let provision = json(ConsentRow {
        medical_record_id: None,
        ..full()
    })["provision"]
        .clone();
    assert_eq!(provision["type"], "permit");
    assert!(provision.get("data").is_none());
}

#[test]
fn a_period_never_ends_before_it_starts() {
    let period = |granted: Option<&str>, expires: Option<&str>| {
        let row = ConsentRow {
            granted_at: granted.map(time),
            expires_at: expires.map(time),
            ..full()
        };
        json(row)["provision"].get("period").cloned()
    };
    let (early, late) = ("2023-01-01T00:00:00Z", "2024-01-01T00:00:00Z");
    assert_eq!(period(None, None), None);
    assert_eq!(
        period(Some(early), None),
        Some(json!({"start": "2023-01-01T00:00:00.000Z"}))
    );
    assert_eq!(
        period(None, Some(late)),
        Some(json!({"end": "2024-01-01T00:00:00.000Z"}))
    );
    assert_eq!(
        period(Some(late), Some(early)),
        Some(json!({"end": "2023-01-01T00:00:00.000Z"}))
    );
    let same =
        Some(json!({"start": "2023-01-01T00:00:00.000Z", "end": "2023-01-01T00:00:00.000Z"}));
    assert_eq!(period(Some(early), Some(early)), same);
}

#[test]
fn years_that_fhir_cannot_write_are_refused() {
    let late = time("+12345-01-01T00:00:00Z");
    let year = |column| Reason::YearOutOfRange { column };
    assert_eq!(
        refusal(ConsentRow {
            granted_at: Some(late),
            ..full()
        }),
        year("granted_at")
    );
    assert_eq!(
        refusal(ConsentRow {
            expires_at: Some(late),
            ..full()
        }),
        year("expires_at")
    );
    assert_eq!(
        refusal(ConsentRow {
            updated_at: late,
            ..full()
        }),
        year("updated_at")
    );
}
