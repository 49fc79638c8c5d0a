//! Status: pending, running, failed, unknown; and progress.

use bulk_export_tests::{Gate, Stack, client::job_id, data, poll, secs};
use serde_json::{Value, json};

#[tokio::test]
async fn a_job_that_nobody_has_begun_is_pending() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin();
    let reply = admin.get(&admin.start("").await).await;
    assert_eq!(reply.status, 202);
    assert!(!reply.header("x-progress").unwrap().is_empty());
    let seconds: u64 = reply
        .header("retry-after")
        .unwrap()
        .parse()
        .expect("Retry-After is a number of seconds");
    assert!((1..=120).contains(&seconds), "{seconds}");
    assert_eq!(reply.json(), json!({"status": "pending", "progress": 0}));
}

#[tokio::test]
async fn a_running_job_tells_percent_and_an_estimate_of_all() {
    let mut stack = Stack::builder().worker("PART_LEASE", "3s").start().await;
    let patient = data::patient_with_records(&stack.database, 2000, 3000).await;
    let gate = Gate::close(&stack.database, "medical_records", 1500).await;
    stack.start_worker(&[]).await;
    let client = stack.patient(patient);
    let url = client.start("_type=DocumentReference").await;
    gate.reached().await;
    let reply = poll("progress is told", secs(20), async || {
        let reply = client.get(&url).await;
        (reply.json()["totalResources"].is_u64()).then_some(reply)
    })
    .await;
    assert_eq!(reply.status, 202);
    let body = reply.json();
    assert_eq!(body["status"], "in_progress");
    assert!(body["progress"].as_u64().unwrap() <= 99, "{body}");
    assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
    assert!(
        reply
            .header("x-progress")
            .unwrap()
            .contains(&body["progress"].to_string()),
        "{:?}",
        reply.headers
    );
    gate.open().await;
    let manifest = client.completed(&url).await;
    assert_eq!(manifest["output"][0]["count"], 2000);
    let sql = "SELECT total_resources FROM bulk_export_jobs WHERE id = $1";
    assert_eq!(
        stack.database.value::<i64>(sql, &[&job_id(&url)]).await,
        2000,
        "exact at the end"
    );
}

#[tokio::test]
async fn progress_never_goes_back_and_is_100_only_at_the_end() {
    let mut stack = Stack::builder()
        .worker("EXPORT_PART_ROWS", "1000")
        .worker("PART_LEASE", "3s")
        .start()
        .await;
    data::patient_with_records(&stack.database, 12_000, 2000).await;
    let admin = stack.admin();
    let url = admin.start("").await;
    stack.start_worker(&[("WORKER_PARTS", "1")]).await;
    let mut seen = vec![];
    poll("the export is completed", secs(60), async || {
        let reply = admin.get(&url).await;
        let body = reply.json();
        seen.push(body["progress"].as_u64().expect("progress is a number"));
        assert_eq!(reply.status == 200, seen.last() == Some(&100), "{body}");
        (reply.status == 200).then_some(())
    })
    .await;
    assert!(seen.is_sorted(), "{seen:?}");
    seen.dedup();
    assert!(
        seen.len() > 3,
        "the progress of twelve parts is seen: {seen:?}"
    );
}

#[tokio::test]
async fn a_failed_job_says_what_happened_without_internals() {
    let mut stack = Stack::builder()
        .sample(3)
        .worker("PART_ATTEMPTS", "1")
        .start()
        .await;
    let admin = stack.admin();
    stack.start_worker(&[]).await;
    stack
        .database
        .run("ALTER TABLE medical_records RENAME COLUMN description TO hidden_column")
        .await;
    let url = admin.start("").await;
    let issue = admin.answers(&url, 500).await.outcome(500, "processing");
    let text = issue.to_string().to_lowercase();
    for internal in [
        "hidden_column",
        "description",
        "column",
        "medical_records",
        "sql",
        "postgres",
        "diesel",
        "error returned",
    ] {
        assert!(!text.contains(internal), "{internal} in {text}");
    }
    let row: Value = stack
        .database
        .value("SELECT to_jsonb(j) FROM bulk_export_jobs j", &[])
        .await;
    assert_eq!(row["status"], "failed");
    assert!(
        row["expires_at"].is_string(),
        "every end state expires: {row}"
    );
    assert_eq!(admin.get(&url).await.status, 500, "and stays failed");
}

#[tokio::test]
async fn an_unknown_job_is_not_found() {
    let stack = Stack::builder().start().await;
    for id in [
        "5f0c3a53-7f6e-4be5-8a31-5c9e5a1c2b11",
        "nonsense",
        "5F0C3A53-7F6E-4BE5-8A31-5C9E5A1C2B11",
        "1%27%20OR%201=1",
        "%00",
    ] {
        stack
            .admin()
            .get(&format!("$export-status/{id}"))
            .await
            .outcome(404, "not-found");
        stack
            .admin()
            .delete(&format!("$export-status/{id}"))
            .await
            .outcome(404, "not-found");
        stack
            .admin()
            .get(&format!("$export-file/{id}/{id}"))
            .await
            .outcome(404, "not-found");
    }
}
