//! The sweep: what has expired goes, from the node and from the tables; what lives stays.

use bulk_export_tests::{
    Stack,
    client::{FILE_EXTENSION, job_id},
    poll,
    poll::holds,
    secs,
};
use uuid::Uuid;

fn cids(manifest: &serde_json::Value) -> Vec<String> {
    let items = manifest["output"].as_array().unwrap().iter();
    items
        .map(|item| {
            item["extension"][FILE_EXTENSION]["ipfs"]
                .as_str()
                .unwrap()
                .trim_start_matches("ipfs://")
                .to_owned()
        })
        .collect()
}

#[tokio::test]
async fn two_workers_sweep_completed_failed_and_cancelled_jobs_at_once_and_leave_no_pin() {
    let mut stack = Stack::builder()
        .sample(10)
        .own_kubo()
        .worker("PART_ATTEMPTS", "1")
        .worker("EXPORT_GRACE", "0s")
        .worker("SWEEP_INTERVAL", "1s")
        .start()
        .await;
    stack.start_worker(&[]).await;
    stack.start_worker(&[]).await;
    let admin = stack.admin();
    let patients: Vec<Uuid> = stack.database.column("SELECT id FROM patients", &[]).await;
    let mut completed = vec![];
    for patient in &patients {
        completed.push(stack.patient(patient).start("").await);
    }
    let everything = admin.export("").await;
    for url in &completed {
        admin.completed(url).await;
    }
    let cancelled = admin.start("_type=Patient").await;
    admin.completed(&cancelled).await;
    // Its patients are done and pinned before its history fails.
    stack
        .database
        .run("ALTER TABLE medical_history RENAME COLUMN event_type TO other")
        .await;
    let failed = admin.start("_type=Patient,Consent,Provenance").await;
    admin.answers(&failed, 500).await;
    assert_eq!(admin.delete(&cancelled).await.status, 202);
    assert!(
        stack.kubo.pins().await.len() > 20,
        "there is something to sweep"
    );
    let jobs = stack.database.count("bulk_export_jobs", &[]).await;

    stack
        .database
        .run("UPDATE bulk_export_jobs SET expires_at = clock_timestamp()")
        .await;
    poll("every row is removed", secs(30), async || {
        (stack.database.count("bulk_export_jobs", &[]).await == 0).then_some(())
    })
    .await;
    assert!(
        stack.kubo.pins().await.is_empty(),
        "no pin is left behind: {:?}",
        stack.kubo.pins().await
    );
    for table in [
        "bulk_export_parts",
        "bulk_export_files",
        "bulk_export_issues",
    ] {
        assert_eq!(stack.database.count(table, &[]).await, 0, "{table}");
    }
    let cid = &cids(&everything)[0];
    poll("the node collects the blocks", secs(90), async || {
        stack.kubo.file(cid).await.is_none().then_some(())
    })
    .await;
    let audited: i64 = stack
        .database
        .value(
            "SELECT count(DISTINCT job_id) FROM bulk_export_audit WHERE action = 'expire'",
            &[],
        )
        .await;
    let entries = stack
        .database
        .count("bulk_export_audit WHERE action = 'expire'", &[])
        .await;
    assert_eq!(
        (audited, entries),
        (jobs, jobs),
        "each job was removed once, and the audit stays"
    );
    for url in &completed {
        admin.get(url).await.outcome(404, "not-found");
    }
    assert!(
        stack
            .workers
            .iter_mut()
            .all(|worker| worker.ended().is_none())
    );
}

#[tokio::test]
async fn within_the_grace_an_expired_file_stays_on_the_node() {
    let stack = Stack::builder()
        .sample(3)
        .workers(1)
        .own_kubo()
        .worker("EXPORT_GRACE", "1h")
        .worker("SWEEP_INTERVAL", "1s")
        .start()
        .await;
    let admin = stack.admin();
    let url = admin.start("").await;
    admin.completed(&url).await;
    let pins = stack.kubo.pins().await;
    stack
        .database
        .run("UPDATE bulk_export_jobs SET expires_at = clock_timestamp()")
        .await;
    admin.get(&url).await.outcome(404, "not-found");
    holds("the pins stay", secs(3), async || {
        stack.kubo.pins().await == pins
    })
    .await;
    stack
        .database
        .run("UPDATE bulk_export_jobs SET expires_at = clock_timestamp() - interval '61 minutes'")
        .await;
    poll("the pins go", secs(20), async || {
        stack.kubo.pins().await.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_pin_of_ours_that_no_row_owns_is_removed_and_a_strangers_is_not() {
    let mut stack = Stack::builder()
        .sample(3)
        .own_kubo()
        .worker("SWEEP_INTERVAL", "1s")
        .start()
        .await;
    let admin = stack.admin();
    let job = job_id(&admin.start("_type=Patient").await);
    let orphan = stack
        .kubo
        .add_pinned(
            "an upload whose worker was killed before it wrote the row",
            &format!("{job}:7:1"),
        )
        .await;
    let strangers = stack
        .kubo
        .add_pinned("somebody else's file", "backup-2026")
        .await;
    let other_system = stack
        .kubo
        .add_pinned(
            "another system's export",
            &format!("{}:1:1", Uuid::new_v4()),
        )
        .await;
    stack.start_worker(&[]).await;
    poll("the orphan goes", secs(20), async || {
        (!stack.kubo.pins().await.contains_key(&orphan)).then_some(())
    })
    .await;
    let pins = stack.kubo.pins().await;
    assert!(
        pins.contains_key(&strangers) && pins.contains_key(&other_system),
        "{pins:?}"
    );
}

#[tokio::test]
async fn live_files_survive_every_sweep() {
    let stack = Stack::builder()
        .sample(10)
        .workers(2)
        .own_kubo()
        .worker("SWEEP_INTERVAL", "1s")
        .worker("EXPORT_GRACE", "0s")
        .start()
        .await;
    let admin = stack.admin();
    let url = admin.start("").await;
    let manifest = admin.completed(&url).await;
    let pins = stack.kubo.pins().await;
    holds("live pins stay", secs(4), async || {
        stack.kubo.pins().await == pins
    })
    .await;
    stack.kubo.rpc("repo/gc").await;
    assert_eq!(
        admin.output(&manifest).await.len(),
        4,
        "every file is still whole"
    );
}
