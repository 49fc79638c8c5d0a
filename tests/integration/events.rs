//! Live progress: a status URL that is asked for events tells how far the job is, to those who may poll it, until it has
//! ended; and many who watch cost no more than one.

mod access;
mod many;

use bulk_export_tests::{Gate, Stack, client::job_id, data, events::Events, secs};
use serde_json::json;

#[tokio::test]
async fn a_job_is_watched_from_its_start_to_its_manifest() {
    let mut stack = Stack::builder()
        .worker("EXPORT_PART_ROWS", "500")
        .worker("PART_LEASE", "2s")
        .start()
        .await;
    let patient = data::patient_with_records(&stack.database, 2000, 1000).await;
    let gate = Gate::close(&stack.database, "medical_records", 900).await;
    let client = stack.patient(patient);
    let url = client.start("_type=Patient,DocumentReference").await;
    let mut events = Events::open(&client, &url).await;
    let first = events.next().await.unwrap();
    assert_eq!(first.name, "progress");
    let pending = json!({"status": "pending", "progress": 0, "resources": 0});
    assert_eq!(first.data, pending);
    assert!(
        events.retry.is_some(),
        "a client is told when to come again"
    );

    stack.start_worker(&[("WORKER_PARTS", "1")]).await;
    gate.reached().await;
    let running = loop {
        let event = events.next().await.expect("the job runs");
        if event.data["resources"].as_u64() > Some(0) {
            break event;
        }
    };
    assert_eq!(running.data["status"], "in_progress", "{running:?}");
    assert!(
        running.data["totalResources"].as_u64() > Some(0),
        "{running:?}"
    );
    assert!(running.data["eta"].is_u64(), "{running:?}");
    gate.open().await;
    let rest = events.rest().await;
    let last = rest.last().unwrap();
    assert_eq!(last.name, "completed");
    let done = json!({"status": "completed", "progress": 100, "resources": 2001, "totalResources": 2001, "manifest": url});
    assert_eq!(last.data, done);
    let told: Vec<u64> = [&first, &running]
        .into_iter()
        .chain(&rest)
        .map(|event| event.data["progress"].as_u64().unwrap())
        .collect();
    assert!(told.is_sorted(), "{told:?}");
    let manifest = client.get(last.data["manifest"].as_str().unwrap()).await;
    assert_eq!(manifest.status, 200);

    // Who comes later is told the end at once; who knows it already, that there is nothing more.
    let mut late = Events::open(&client, &url).await;
    assert_eq!(late.rest().await, std::slice::from_ref(last));
    let known = Events::ask(&client, &url, Some(&last.id)).await;
    assert_eq!(known.status(), 204);
}

#[tokio::test]
async fn a_failed_job_tells_its_reason_and_the_stream_ends() {
    let mut stack = Stack::builder()
        .sample(2)
        .worker("PART_ATTEMPTS", "1")
        .start()
        .await;
    let admin = stack.admin();
    stack.start_worker(&[]).await;
    stack
        .database
        .run("ALTER TABLE patients RENAME COLUMN mrn TO hidden_column")
        .await;
    let url = admin.start("_type=Patient").await;
    let mut events = Events::open(&admin, &url).await;
    let last = events.rest().await.pop().unwrap();
    assert_eq!(
        (last.name.as_str(), &last.data["status"]),
        ("failed", &json!("failed"))
    );
    let told = admin.get(&url).await.outcome(500, "processing");
    assert_eq!(last.data["reason"], told["details"]["text"]);
}

#[tokio::test]
async fn a_client_that_comes_again_is_not_told_twice() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin();
    let url = admin.start("").await;
    let first = Events::open(&admin, &url).await.next().await.unwrap();
    let answer = Events::ask(&admin, &url, Some(&first.id)).await;
    let mut again = Events::of(answer);
    // Committed while this one watches, so it is what comes next.
    let moved =
        "UPDATE bulk_export_jobs SET status = 'in_progress', progress = 7, total_resources = 70,
                 updated_at = clock_timestamp() WHERE id = $1";
    stack.database.execute(moved, &[&job_id(&url)]).await;
    let next = again.next().await.unwrap();
    assert_eq!(next.data["progress"], 7, "{next:?}");
    assert_ne!(next.id, first.id);
}

#[tokio::test]
async fn a_stream_outlives_the_database_and_goes_on_with_it() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin();
    let url = admin.start("").await;
    let mut events = Events::open(&admin, &url).await;
    events.next().await.unwrap();
    let name: String = stack
        .database
        .value("SELECT current_database()::text", &[])
        .await;
    let server = bulk_export_tests::database::server().await;
    server
        .batch_execute(&format!(
            "ALTER DATABASE {name} ALLOW_CONNECTIONS false;
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        ))
        .await
        .unwrap();
    assert_eq!(admin.get(&url).await.status, 503);
    server
        .batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        .await
        .unwrap();
    let reply = admin.answers(&url, 202).await;
    assert_eq!(reply.json()["status"], "pending");
    assert_eq!(admin.delete(&url).await.status, 202);
    let last = events.rest().await.pop().unwrap();
    assert_eq!(last.name, "cancelled");
}

#[tokio::test]
async fn a_replica_that_stops_ends_its_streams_and_is_not_held_up_by_them() {
    let mut stack = Stack::builder().api("SHUTDOWN_GRACE", "60s").start().await;
    let admin = stack.admin();
    let url = admin.start("").await;
    let mut events = Events::open(&admin, &url).await;
    events.next().await.unwrap();
    stack.api.as_ref().unwrap().ask_to_end();
    assert_eq!(events.next().await, None);
    stack.api.as_mut().unwrap().end(secs(10)).await;
}
