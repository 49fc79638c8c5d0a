//! One job with the longest values that there can be.

use bulk_export_domain::{ids::FileId, job::Status, policy::Role};
use bulk_export_store::operator::{PartCounts, Person};
use chrono::DateTime;

use super::*;

const LONG: &str = "https://idp.example.org/tenants/7f0c/clients/with-a-very-long-name-that-goes-on-and-on-and-on-and-on";

fn told() -> Told {
    let epoch = DateTime::UNIX_EPOCH;
    let id = JobId::from_uuid(uuid::Uuid::max());
    let part = |ordinal, state, error: Option<&str>| PartLine {
        ordinal,
        kind: "export".to_owned(),
        resource_type: Some("MedicinalProductUndesirableEffect".to_owned()),
        state,
        attempts: 5,
        handed_back: 20,
        worker: Some("bulk-export-worker-7d9f8c6b5d-abcde-12345-8327c38a".to_owned()),
        started_at: Some(epoch),
        ended_at: Some(epoch + chrono::TimeDelta::days(3)),
        next_at: epoch,
        lease_until: None,
        rows: 999_999_999,
        bytes: u64::MAX,
        error: error.map(str::to_owned),
    };
    Told {
        view: JobView {
            id,
            requester: Person::new(LONG),
            role: Role::Patient,
            whose: Whose::OnePatient,
            state: Status::Failed,
            expired: false,
            progress: 42,
            resources: Some(9_999_999_999),
            types: vec!["MedicinalProductUndesirableEffect".to_owned(); 9],
            since: Some(epoch),
            file_rows: Some(100_000),
            transaction_time: epoch,
            created_at: epoch,
            updated_at: epoch,
            ended_at: Some(epoch + chrono::TimeDelta::milliseconds(1_234)),
            expires_at: Some(epoch),
            error: Some("The export of Patient resources failed repeatedly. ".repeat(5)),
            parts: PartCounts {
                done: 1,
                failed: 9_998,
                attempts: 99_999,
                ..PartCounts::default()
            },
            files: 1,
            bytes: 7,
        },
        parts: vec![
            part(
                999_999,
                PartState::Failed,
                Some(&"the source cannot be read. ".repeat(9)),
            ),
            part(0, PartState::Done, None),
        ],
        timeline: vec![TimelineEntry {
            id: 1,
            at: epoch,
            action: "kick_off".to_owned(),
            outcome: "accepted".to_owned(),
            who: Some(Person::new(LONG)),
            detail: Some(LONG.to_owned()),
        }],
        files: Some(vec![FileLine {
            id: FileId::from_uuid(uuid::Uuid::max()),
            ordinal: 1,
            number: 0,
            resource_type: "MedicinalProductUndesirableEffect".to_owned(),
            rows: 999_999_999,
            bytes: u64::MAX,
            coding: "identity".to_owned(),
            cid: Some("bafybeid2ichk6eg5gyoezfw4bb753stf47epyxgwpyqg3yq66cykch47va".to_owned()),
        }]),
    }
}

#[test]
fn long_values_fit_100_columns_and_reasons_are_told_whole() {
    let told = told();
    let text = text::as_text(&told, Paint::PLAIN);
    for line in text.lines() {
        assert!(
            line.chars().count() <= 100,
            "{}: {line}",
            line.chars().count()
        );
    }
    for fact in [
        &told.view.id.to_string(),
        "failed",
        "one patient's",
        "ended             1970-01-01 00:00:01, after 1.2 s",
        "9,999: 1 done, 9,998 failed; 99,999 attempts, 0 handed back",
        "and 9,997 more: --limit, --all",
        "bafybeid2ichk6eg5gyoezfw4bb753stf47epyxgwpyqg3yq66cykch47va",
        "3 d",
        "kick_off",
    ] {
        assert!(text.contains(fact), "{fact}: {text}");
    }
    let words: Vec<_> = text.split_whitespace().collect();
    let reasons = words
        .windows(5)
        .filter(|w| w.join(" ") == "the source cannot be read.");
    assert_eq!(reasons.count(), 9, "{text}");
}

#[test]
fn json_has_every_value_whole() {
    let json = as_json(&told());
    assert_eq!(json["client"], LONG);
    assert_eq!(json["data"], "one_patient");
    assert_eq!(json["parts"][0]["state"], "failed");
    assert_eq!(json["timeline"][0]["detail"], LONG);
    assert_eq!(json["fileList"][0]["coding"], "identity");
}

#[test]
fn pages_end_where_enough_is_shown() {
    assert_eq!(room(50, 0), Some(50));
    assert_eq!(room(50, 49), Some(1));
    assert_eq!(room(50, 50), None);
    assert_eq!(room(i64::MAX, 5), Some(MOST_ROWS));
}
