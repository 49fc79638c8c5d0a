//! What one job may hold, and how large its files are made.

use bulk_export_store::{
    Config, Store,
    operator::{Person, Retried},
};
use bulk_export_tests::{Gate, Reply, Stack, data, poll, secs};

/// Polls until the job has failed.
async fn failed(stack: &Stack, url: &str) -> Reply {
    let client = stack.admin();
    poll("the job fails", secs(30), async || {
        let reply = client.get(url).await;
        (reply.status != 202).then_some(reply)
    })
    .await
}

/// Waits until nothing of the job is left: no row of a file, and no pin.
async fn nothing_left(stack: &Stack) {
    poll("its files are released", secs(15), async || {
        let files = stack.database.count("bulk_export_files", &[]).await;
        (files == 0 && stack.kubo.pins().await.is_empty()).then_some(())
    })
    .await;
    let released = "bulk_export_jobs WHERE status = 'failed' AND released_at IS NOT NULL";
    poll("that is noted", secs(5), async || {
        (stack.database.count(released, &[]).await == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_job_with_too_many_files_fails_and_leaves_none() {
    let stack = Stack::builder()
        .own_kubo()
        .sample(20)
        .workers(1)
        .worker("EXPORT_MAX_JOB_FILES", "2")
        .start()
        .await;
    let url = stack.admin().start("").await;
    let issue = failed(&stack, &url).await.outcome(500, "processing");
    let text = issue["details"]["text"].as_str().unwrap();
    for word in [
        "more than 2 files",
        "EXPORT_MAX_JOB_FILES",
        "_type",
        "_since",
    ] {
        assert!(text.contains(word), "{text}");
    }
    nothing_left(&stack).await;
    let id = url.rsplit('/').next().unwrap().parse().unwrap();
    let store = Store::new(&Config {
        url: stack.database.url.clone().into(),
        connections: 2,
        ttl: secs(3600),
    });
    let retried = store.retry_job(id, Person::new("cli:operator")).await;
    assert_eq!(retried.unwrap(), Retried::FilesGone);
}

#[tokio::test]
async fn a_job_that_is_planned_far_too_large_writes_nothing() {
    let stack = Stack::builder()
        .sample(20)
        .workers(1)
        .worker("EXPORT_MAX_JOB_RESOURCES", "5")
        .start()
        .await;
    stack.database.run("ANALYZE").await;
    let url = stack.admin().start("_type=Patient").await;
    let issue = failed(&stack, &url).await.outcome(500, "processing");
    assert!(
        issue["details"]["text"]
            .as_str()
            .unwrap()
            .contains("more than 5 resources")
    );
    assert_eq!(
        stack
            .database
            .count("bulk_export_parts WHERE kind = 'export'", &[])
            .await,
        0
    );
}

#[tokio::test]
async fn a_part_that_passes_the_limit_is_stopped_in_the_middle() {
    let mut stack = Stack::builder().own_kubo().start().await;
    let patient = data::patient_with_records(&stack.database, 500, 4000).await;
    let gate = Gate::close(&stack.database, "medical_records", 400).await;
    stack
        .start_worker(&[("EXPORT_MAX_JOB_BYTES", "1000000"), ("PART_LEASE", "2s")])
        .await;
    let url = stack
        .patient(patient)
        .start("_type=DocumentReference")
        .await;
    gate.reached().await;
    // The gate stays closed: the part cannot end by itself.
    let issue = failed(&stack, &url).await.outcome(500, "processing");
    assert!(
        issue["details"]["text"]
            .as_str()
            .unwrap()
            .contains("EXPORT_MAX_JOB_BYTES")
    );
    poll("the slot is free", secs(10), async || {
        let idle = "bulk_export_workers WHERE running = 0";
        (stack.database.count(idle, &[]).await == 1).then_some(())
    })
    .await;
    gate.open().await;
    nothing_left(&stack).await;
}

#[tokio::test]
async fn count_bounds_the_files_and_is_told_in_the_manifest() {
    let mut stack = Stack::builder().start().await;
    let patient = data::patient_with_records(&stack.database, 250, 100).await;
    stack.start_worker(&[]).await;
    let client = stack.patient(patient);
    let manifest = client.export("_type=DocumentReference&_count=100").await;
    let counts: Vec<u64> = manifest["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["count"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [100, 100, 50]);
    assert!(
        manifest["request"]
            .as_str()
            .unwrap()
            .ends_with("&_count=100")
    );
    client.kick_off("_count=0").await.outcome(400, "invalid");
}
