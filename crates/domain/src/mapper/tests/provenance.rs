//! Provenance.

use serde_json::json;

use super::*;

#[test]
fn a_full_row() {
    let row = HistoryRow {
        event_type: "created".into(),
        event_description: Some("Entered after the visit".into()),
        performed_by: Some(id(9)),
        ..bare_event()
    };
    assert_eq!(
        line(row),
        concat!(
            r#"{"resourceType":"Provenance","id":"01234567-89ab-4cde-8f01-000000000004","#,
            r#""meta":{"lastUpdated":"2024-05-06T07:08:09.123Z"},"#,
            r#""target":[{"reference":"DocumentReference/01234567-89ab-4cde-8f01-000000000002"}],"#,
            r#""recorded":"2024-05-06T07:08:09.123Z","#,
            r#""activity":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-DataOperation","#,
            r#""code":"CREATE","display":"create"}],"text":"Entered after the visit"},"#,
            r#""agent":[{"type":{"coding":[{"#,
            r#""system":"http://terminology.hl7.org/CodeSystem/provenance-participant-type","#,
            r#""code":"performer","display":"Performer"}]},"#,
            r#""who":{"reference":"Practitioner/01234567-89ab-4cde-8f01-000000000009"}}]}"#,
        )
    );
}

#[test]
fn a_row_of_nulls() {
    assert_eq!(
        line(bare_event()),
        concat!(
            r#"{"resourceType":"Provenance","id":"01234567-89ab-4cde-8f01-000000000004","#,
            r#""meta":{"lastUpdated":"2024-05-06T07:08:09.123Z"},"#,
            r#""target":[{"reference":"DocumentReference/01234567-89ab-4cde-8f01-000000000002"}],"#,
            r#""recorded":"2024-05-06T07:08:09.123Z","#,
            r#""activity":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle","#,
            r#""code":"access","display":"Access/View Record Lifecycle Event"}]},"#,
            r#""agent":[{"type":{"coding":[{"#,
            r#""system":"http://terminology.hl7.org/CodeSystem/provenance-participant-type","#,
            r#""code":"performer","display":"Performer"}]},"who":{"type":"Device","display":"System"}}]}"#,
        )
    );
}

#[test]
fn every_event_has_its_code() {
    for (event, code) in [
        ("created", "CREATE"),
        ("updated", "UPDATE"),
        ("viewed", "access"),
        ("shared", "disclose"),
        ("amended", "amend"),
        ("archived", "archive"),
        ("deleted", "DELETE"),
    ] {
        let resource = json(HistoryRow {
            event_type: event.into(),
            ..bare_event()
        });
        assert_eq!(resource["activity"]["coding"][0]["code"], code);
    }
}

#[test]
fn another_event_is_told_by_its_text() {
    let activity = |event: &str, text: Option<&str>| {
        let event_description = text.map(Into::into);
        json(HistoryRow {
            event_type: event.into(),
            event_description,
            ..bare_event()
        })
        .get("activity")
        .cloned()
    };
    assert_eq!(activity("printed", None), Some(json!({"text": "printed"})));
    assert_eq!(
        activity("printed", Some("On paper")),
        Some(json!({"text": "On paper"}))
    );
    assert_eq!(activity(" ", None), None);
}

#[test]
fn what_fhir_cannot_hold_is_refused_by_column() {
    let late = HistoryRow {
        created_at: time("+12345-01-01T00:00:00Z"),
        ..bare_event()
    };
    assert_eq!(
        refusal(late),
        Reason::YearOutOfRange {
            column: "created_at"
        }
    );
    let long = HistoryRow {
        event_description: Some("x".repeat(1024 * 1024 + 1)),
        ..bare_event()
    };
    assert_eq!(
        refusal(long),
        Reason::TextTooLong {
            column: "event_description"
        }
    );
}
