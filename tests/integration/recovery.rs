//! Recovery: a worker that is killed, frozen or poisoned costs at most one part, and never a row or a rule.

use bulk_export_tests::{Gate, Stack, client::job_id, data, poll, poll::holds, secs};
use uuid::Uuid;

/// A stack without a worker, a patient with 1,000 records of 10 KB, and a gate at row 900.
async fn at_the_gate(stack: &Stack) -> (Uuid, Gate) {
    let patient = data::patient_with_records(&stack.database, 1000, 10_000).await;
    (
        patient,
        Gate::close(&stack.database, "medical_records", 900).await,
    )
}

#[tokio::test]
async fn a_worker_killed_in_the_middle_of_a_part_loses_and_doubles_nothing() {
    let mut stack = Stack::builder()
        .own_kubo()
        .worker("PART_LEASE", "3s")
        .start()
        .await;
    let (patient, gate) = at_the_gate(&stack).await;
    let first = stack.start_worker(&[]).await;
    let client = stack.patient(patient);
    let url = client.start("_type=Patient,DocumentReference").await;
    gate.reached().await;
    stack.workers[first].crash();
    gate.open().await;
    stack.start_worker(&[]).await;
    let manifest = client.completed(&url).await;
    assert_eq!(
        client.ids(&manifest).await,
        data::source(&stack.database, Some(patient)).await
    );
    let sql = "SELECT attempts FROM bulk_export_parts WHERE resource_type = 'DocumentReference'";
    assert_eq!(
        stack.database.column::<i32>(sql, &[]).await,
        [2],
        "the crashed attempt counts"
    );
    assert_eq!(stack.kubo.pins().await.len(), 2, "one pin a file");
}

#[tokio::test]
async fn a_zombie_that_wakes_up_late_changes_nothing() {
    let mut stack = Stack::builder()
        .own_kubo()
        .worker("PART_LEASE", "3s")
        .start()
        .await;
    let (patient, gate) = at_the_gate(&stack).await;
    let zombie = stack.start_worker(&[]).await;
    let client = stack.patient(patient);
    let url = client.start("_type=DocumentReference").await;
    gate.reached().await;
    stack.workers[zombie].freeze();
    gate.open().await;
    stack.start_worker(&[]).await;
    client.completed(&url).await;
    let before = client.get(&url).await.text();
    let pins = stack.kubo.pins().await;

    stack.workers[zombie].thaw();
    let idle = "pg_stat_activity WHERE datname = current_database() AND query LIKE '%medical_records%' AND state = 'active' AND pid <> pg_backend_pid()";
    poll("the zombie's read is over", secs(20), async || {
        (stack.database.count(idle, &[]).await == 0).then_some(())
    })
    .await;
    let untouched =
        async || stack.kubo.pins().await == pins && client.get(&url).await.text() == before;
    holds(
        "the zombie neither unpins nor changes the manifest",
        secs(3),
        untouched,
    )
    .await;
    assert_eq!(
        stack
            .database
            .count("bulk_export_files WHERE job_id = $1", &[&job_id(&url)])
            .await,
        1
    );
    let manifest = client.completed(&url).await;
    assert_eq!(client.lines(&manifest["output"][0]).await.len(), 1000);
    // It is a worker like any other again.
    stack.workers.truncate(zombie + 1);
    client.export("_type=Patient").await;
}

#[tokio::test]
async fn a_frozen_upload_does_not_stop_another_workers() {
    let mut stack = Stack::builder().own_kubo().start().await;
    let (patient, gate) = at_the_gate(&stack).await;
    let frozen = stack.start_worker(&[("WORKER_PARTS", "1")]).await;
    let url = stack
        .patient(patient)
        .start("_type=DocumentReference")
        .await;
    gate.reached().await;
    poll(
        "the node holds blocks of the upload",
        secs(20),
        async || (stack.kubo.blocks().len() >= 4).then_some(()),
    )
    .await;
    stack.workers[frozen].freeze();
    // What once stopped the whole node: a collection while an upload stands still.
    stack.kubo.rpc("repo/gc").await;
    stack.start_worker(&[]).await;
    let admin = stack.admin();
    let other = admin
        .completed_within(&admin.start("_type=Patient").await, secs(10))
        .await;
    assert_eq!(other["output"][0]["count"], 1);
    // The collection took the frozen upload's first blocks. That is seen, costs no attempt, and the part is done again.
    stack.workers[frozen].thaw();
    gate.open().await;
    let client = stack.patient(patient);
    let manifest = client.completed(&url).await;
    assert_eq!(client.lines(&manifest["output"][0]).await.len(), 1000);
    let sql = "SELECT attempts FROM bulk_export_parts WHERE resource_type = 'DocumentReference'";
    assert_eq!(stack.database.column::<i32>(sql, &[]).await, [1]);
}

#[tokio::test]
async fn a_part_that_fails_every_time_fails_its_job_and_no_other() {
    let stack = Stack::builder()
        .sample(5)
        .workers(1)
        .worker("PART_ATTEMPTS", "2")
        .start()
        .await;
    let admin = stack.admin();
    // After the worker's start, whose check would have refused it.
    stack
        .database
        .run("ALTER TABLE medical_history RENAME COLUMN event_type TO other")
        .await;
    let (bad, good) = (
        admin.start("_type=Patient,Provenance").await,
        admin.start("_type=Patient,Consent").await,
    );
    admin.completed(&good).await;
    admin.answers(&bad, 500).await.outcome(500, "processing");
    let open = "bulk_export_parts WHERE job_id = $1 AND state IN ('due', 'running')";
    assert_eq!(stack.database.count(open, &[&job_id(&bad)]).await, 0);
}

#[tokio::test]
async fn a_part_that_kills_every_worker_ends_in_a_failed_job() {
    let mut stack = Stack::builder()
        .worker("PART_LEASE", "2s")
        .worker("PART_ATTEMPTS", "2")
        .start()
        .await;
    let (patient, gate) = at_the_gate(&stack).await;
    let client = stack.patient(patient);
    let url = client.start("_type=DocumentReference").await;
    for _ in 0..2 {
        let worker = stack.start_worker(&[]).await;
        let running = "bulk_export_parts WHERE kind = 'export' AND state = 'running' AND lease_until > clock_timestamp()";
        poll("the part runs", secs(20), async || {
            (stack.database.count(running, &[]).await == 1).then_some(())
        })
        .await;
        stack.workers[worker].crash();
        let over = "bulk_export_parts WHERE kind = 'export' AND lease_until > clock_timestamp()";
        poll("the lease runs out", secs(10), async || {
            (stack.database.count(over, &[]).await == 0).then_some(())
        })
        .await;
    }
    gate.open().await;
    stack.start_worker(&[]).await;
    client.answers(&url, 500).await.outcome(500, "processing");
}

#[tokio::test]
async fn a_worker_that_lost_the_database_for_a_while_goes_on() {
    let mut stack = Stack::builder().worker("PART_LEASE", "3s").start().await;
    let (patient, gate) = at_the_gate(&stack).await;
    stack.start_worker(&[]).await;
    let client = stack.patient(patient);
    let url = client.start("_type=DocumentReference").await;
    gate.reached().await;
    let sql = "(SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'fhir-bulk-export' OFFSET 0) s WHERE pg_terminate_backend(pid)";
    assert!(
        stack.database.count(sql, &[]).await > 2,
        "every session of the programs is ended"
    );
    gate.open().await;
    let manifest = poll("the export is completed", secs(60), async || {
        Some(client.get(&url).await).filter(|reply| reply.status == 200)
    })
    .await
    .json();
    assert_eq!(client.ids(&manifest).await["DocumentReference"].len(), 1000);
    assert!(stack.workers[0].ended().is_none());
}

#[tokio::test]
async fn every_worker_has_a_name_of_its_own() {
    let mut stack = Stack::builder()
        .sample(20)
        .worker("EXPORT_PART_ROWS", "5")
        .start()
        .await;
    for _ in 0..2 {
        stack.start_worker(&[]).await;
    }
    stack.admin().export("").await;
    let names: Vec<String> = stack
        .database
        .column(
            "SELECT DISTINCT worker FROM bulk_export_parts ORDER BY 1",
            &[],
        )
        .await;
    assert!((1..=2).contains(&names.len()), "{names:?}");
    stack.workers.clear();
    stack.start_worker(&[]).await;
    stack.admin().export("").await;
    let all: Vec<String> = stack
        .database
        .column(
            "SELECT DISTINCT worker FROM bulk_export_parts ORDER BY 1",
            &[],
        )
        .await;
    assert!(
        all.len() > names.len(),
        "a restarted worker has a new name: {all:?}"
    );
}
