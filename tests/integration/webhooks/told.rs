//! What is told: each end of a job, once, in so many words, signed.

use bulk_export_tests::{
    Stack, TestDir,
    client::job_id,
    data, poll,
    poll::holds,
    receiver::{Received, Receiver},
    secs,
};
use serde_json::{Value, json};

use super::world::{Hook, add, near, settled};

/// Checks all that must be true of every delivery, and gives its payload without the timestamp.
fn payload(received: &Received, hook: &Hook) -> Value {
    assert!(received.is_signed_with(&hook.secret));
    assert!(!received.is_signed_with("whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="));
    assert_eq!(received.headers["content-type"], "application/json");
    let agent = received.headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("fhir-bulk-export/"), "{agent}");
    assert_eq!(received.path, "/hook");
    let mut payload = received.payload();
    let at = payload["timestamp"].take();
    let at: chrono::DateTime<chrono::Utc> = at.as_str().unwrap().parse().unwrap();
    assert!((chrono::Utc::now() - at).num_seconds().abs() < 60, "{at}");
    payload
}

fn expected(event: &str, url: &str, counts: (usize, usize, u64)) -> Value {
    let (resources, files, bytes) = counts;
    json!({
        "type": format!("export.{event}"),
        "timestamp": null,
        "data": {
            "jobId": job_id(url).to_string(),
            "state": event,
            "counts": {"resources": resources, "files": files, "bytes": bytes},
            "statusUrl": url,
        },
    })
}

#[tokio::test]
async fn a_completed_export_is_told_over_tls_and_signed() {
    let folder = TestDir::new();
    let receiver = Receiver::with_tls(folder.path()).await;
    let authority = receiver.authority.as_ref().unwrap().to_str().unwrap();
    let stack = near()
        .sample(5)
        .workers(1)
        .worker("WEBHOOK_CA_FILE", authority)
        .start()
        .await;
    let hook = add(&stack, &receiver.url, &[]).await;
    let admin = stack.admin();
    let url = admin.start("").await;
    let manifest = admin.completed(&url).await;
    // Another client's export is none of this receiver's.
    let patient = data::patient_with_records(&stack.database, 1, 10).await;
    stack.patient(patient).export("").await;

    let received = receiver.received_at_least(1).await;
    let output = manifest["output"].as_array().unwrap();
    let resources: u64 = output
        .iter()
        .map(|item| item["count"].as_u64().unwrap())
        .sum();
    let size = |item: &Value| {
        item["extension"][bulk_export_tests::client::FILE_EXTENSION]["size"]
            .as_u64()
            .unwrap()
    };
    let counts = (
        usize::try_from(resources).unwrap(),
        output.len(),
        output.iter().map(size).sum(),
    );
    assert_eq!(
        payload(&received[0], &hook),
        expected("completed", &url, counts)
    );
    let delivery = settled(&stack, "delivered", 1).await.remove(0);
    assert_eq!(delivery["delivery"], received[0].id());
    assert_eq!(
        (&delivery["attempts"], &delivery["lastStatus"]),
        (&json!(1), &json!(200))
    );
    let told = received[0].payload()["data"]["statusUrl"].clone();
    assert_eq!(admin.get(told.as_str().unwrap()).await.status, 200);
    holds("it is told once", secs(3), async || {
        receiver.received().len() == 1
    })
    .await;
}

#[tokio::test]
async fn a_failed_a_cancelled_and_an_expired_export_are_told() {
    let mut stack = near()
        .sample(3)
        .worker("PART_ATTEMPTS", "1")
        .worker("SWEEP_INTERVAL", "1h")
        .start()
        .await;
    let receiver = Receiver::plain().await;
    let hook = add(
        &stack,
        &receiver.url,
        &[
            "--event",
            "failed",
            "--event",
            "cancelled",
            "--event",
            "expired",
        ],
    )
    .await;
    let admin = stack.admin();
    let cancelled = admin.start("_type=Patient").await;
    assert_eq!(admin.delete(&cancelled).await.status, 202);
    stack.start_worker(&[]).await;
    let received = receiver.received_at_least(1).await;
    assert_eq!(
        payload(&received[0], &hook),
        expected("cancelled", &cancelled, (0, 0, 0))
    );

    // What completes is not asked for, and what then expires is.
    let expired = admin.start("_type=Patient").await;
    let manifest = admin.completed(&expired).await;
    let due = "UPDATE bulk_export_jobs SET expires_at = clock_timestamp() WHERE id = $1";
    stack.database.execute(due, &[&job_id(&expired)]).await;
    let received = receiver.received_at_least(2).await;
    let size =
        &manifest["output"][0]["extension"][bulk_export_tests::client::FILE_EXTENSION]["size"];
    assert_eq!(
        payload(&received[1], &hook),
        expected("expired", &expired, (3, 1, size.as_u64().unwrap()))
    );
    admin.get(&expired).await.outcome(404, "not-found");

    stack
        .database
        .run("ALTER TABLE patients RENAME COLUMN mrn TO hidden_column")
        .await;
    let failed = admin.start("_type=Patient").await;
    let received = receiver.received_at_least(3).await;
    assert_eq!(
        payload(&received[2], &hook),
        expected("failed", &failed, (0, 0, 0))
    );
    settled(&stack, "delivered", 3).await;
    assert_eq!(receiver.received().len(), 3);
}

#[tokio::test]
async fn what_a_sweep_removes_was_told_before() {
    let mut stack = near()
        .sample(2)
        .own_kubo()
        .worker("EXPORT_GRACE", "0s")
        .worker("SWEEP_INTERVAL", "1s")
        .start()
        .await;
    let receiver = Receiver::plain().await;
    add(&stack, &receiver.url, &["--event", "expired"]).await;
    let admin = stack.admin();
    stack.start_worker(&[]).await;
    stack.start_worker(&[]).await;
    let mut urls = vec![];
    for _ in 0..6 {
        urls.push(admin.start("_type=Patient").await);
    }
    for url in &urls {
        admin.completed(url).await;
    }
    stack
        .database
        .run("UPDATE bulk_export_jobs SET expires_at = clock_timestamp()")
        .await;
    poll("every row is removed", secs(30), async || {
        (stack.database.count("bulk_export_jobs", &[]).await == 0).then_some(())
    })
    .await;
    settled(&stack, "delivered", 6).await;
    let mut told: Vec<_> = receiver
        .received()
        .iter()
        .map(|one| {
            one.payload()["data"]["statusUrl"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    told.sort();
    urls.sort();
    assert_eq!(told, urls, "each once, and with its own URL");
}

#[tokio::test]
async fn a_failed_export_that_is_tried_again_tells_of_each_end() {
    let mut stack = near().sample(2).worker("PART_ATTEMPTS", "1").start().await;
    let receiver = Receiver::plain().await;
    add(&stack, &receiver.url, &[]).await;
    stack.start_worker(&[]).await;
    let rename =
        |from: &str, to: &str| format!("ALTER TABLE patients RENAME COLUMN {from} TO {to}");
    stack.database.run(&rename("mrn", "hidden")).await;
    let admin = stack.admin();
    let url = admin.start("_type=Patient").await;
    receiver.received_at_least(1).await;
    retry(&stack, &url).await;
    receiver.received_at_least(2).await;
    stack.database.run(&rename("hidden", "mrn")).await;
    retry(&stack, &url).await;
    let received = receiver.received_at_least(3).await;
    let states: Vec<_> = received
        .iter()
        .map(|one| one.payload()["data"]["state"].clone())
        .collect();
    assert_eq!(states, ["failed", "failed", "completed"]);
    let mut ids: Vec<_> = received.iter().map(Received::id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3, "three things are told, not one three times");
}

/// Does what an operator's retry does, when it can: the job has failed.
async fn retry(stack: &Stack, url: &str) {
    use bulk_export_store::{
        Config, Store,
        operator::{Person, Retried},
    };
    let store = Store::new(&Config {
        url: stack.database.url.clone().into(),
        connections: 2,
        ttl: secs(3600),
    });
    stack.admin().answers(url, 500).await;
    let job = bulk_export_domain::ids::JobId::from_uuid(job_id(url));
    let retried = store.retry_job(job, Person::new("test")).await.unwrap();
    assert_eq!(retried, Retried::Due(1));
}
