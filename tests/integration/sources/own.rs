//! A table of one's own: `deploy/sources/example.sql`.

use std::fs;

use bulk_export_tests::{Database, Stack, binaries::workspace, secs, stack::Builder};
use serde_json::json;

use super::{ids, texts};

/// A database with the example's table and views.
async fn example() -> Database {
    let database = Database::migrated().await;
    let file = workspace().join("deploy/sources/example.sql");
    database
        .run(&fs::read_to_string(file).expect("the example is there"))
        .await;
    database
}

fn stack(database: &Database) -> Builder {
    Stack::builder()
        .common("SOURCE_DATABASE_URL", &database.url)
        .common("FHIR_SOURCE", "clinical,Task=public.tasks")
}

const TASKS: &str = r#"
    INSERT INTO stored_task (id, version, changed, gone, patient, body) VALUES
    ('bare', 7, '2026-01-02 03:04:05.678901Z', false, 'ann', '{"resourceType":"Task","status":"draft","intent":"plan"}'),
    ('partly', 2, '2026-01-02Z', false, 'ben', E'{\n  "meta": {"versionId": "own", "inner": {"a": [1]}},\n  "id": "partly", "resourceType": "Task",\r\n "x": "\\n"}'),
    ('gone', 1, '2026-01-02Z', true, 'ann', '{"resourceType":"Task","id":"gone"}'),
    ('nobodys', 1, '2026-01-02Z', false, NULL, '{"resourceType":"Task","id":"nobodys"}'),
    ('another', 1, '2026-01-02Z', false, 'ann', '{"resourceType":"Task","id":"one"}'),
    ('flag', 1, '2026-01-02Z', false, 'ann', '{"resourceType":"Flag","id":"flag"}')"#;

#[tokio::test]
async fn a_table_of_ones_own_is_exported_beside_the_clinical_ones() {
    let database = example().await;
    database.run(TASKS).await;
    let stack = stack(&database).workers(1).start().await;
    let admin = stack.admin();
    let manifest = admin.export("").await;
    let output = admin.output(&manifest).await;
    assert_eq!(output.len(), 1, "the clinical tables are empty");
    let mut lines = output[0].1.clone();
    lines.sort_by_key(|line| line["id"].to_string());
    assert_eq!(
        lines,
        [
            json!({"resourceType": "Task", "id": "bare", "status": "draft", "intent": "plan",
                "meta": {"versionId": "7", "lastUpdated": "2026-01-02T03:04:05.678Z"}}),
            json!({"resourceType": "Task", "id": "partly", "x": "\n",
                "meta": {"versionId": "own", "lastUpdated": "2026-01-02T00:00:00.000Z"}}),
        ]
    );
    let mut told = texts(&admin.outcomes(&manifest).await);
    told.sort();
    assert_eq!(told.len(), 2);
    assert!(told[0].contains("Task/another") && told[0].contains("another id"));
    assert!(told[1].contains("Task/flag") && told[1].contains("another resourceType"));

    let ann = stack.patient("ann");
    let hers = ann.export("_type=Task").await;
    let expected = ids([("Task", vec!["bare".to_owned()])]);
    assert_eq!(ann.ids(&hers).await, expected);
}

#[tokio::test]
async fn a_relation_that_does_not_keep_the_contract_is_refused_by_column() {
    for (change, told) in [
        (
            "DROP VIEW tasks_membership",
            "public.tasks_membership.patient_id",
        ),
        (
            "ALTER VIEW tasks RENAME body TO content",
            "public.tasks.body",
        ),
        (
            "INSERT INTO stored_task (id, version, changed, body) VALUES ('a b', 1, now(), '{}')",
            "a task has no id that FHIR allows: number 1",
        ),
    ] {
        let database = example().await;
        database.run(change).await;
        let stack = stack(&database).start().await;
        let mut worker = stack.spawn_worker(&[]);
        assert!(!worker.end(secs(30)).await.success(), "{change}");
        assert!(worker.log().contains(told), "{change}: {}", worker.log());
    }
}
