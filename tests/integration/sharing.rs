//! Sharing: many workers on one job, many jobs on few workers, and files with equal bytes.

use bulk_export_tests::{
    Gate, Stack,
    client::{FILE_EXTENSION, job_id},
    data, poll, secs,
};
use uuid::Uuid;

#[tokio::test]
async fn two_workers_share_one_job() {
    let mut stack = Stack::builder()
        .sample(400)
        .worker("EXPORT_PART_ROWS", "20")
        .worker("WORKER_PARTS", "1")
        .start()
        .await;
    let admin = stack.admin();
    let url = admin.start("").await;
    stack.start_worker(&[]).await;
    stack.start_worker(&[]).await;
    let manifest = admin.completed(&url).await;
    let parts: Vec<i64> = stack
        .database
        .column("SELECT count(*) FROM bulk_export_parts WHERE job_id = $1 AND kind = 'export' GROUP BY worker", &[&job_id(&url)])
        .await;
    println!("parts by worker: {parts:?}");
    assert_eq!(parts.len(), 2, "both workers ran parts of it: {parts:?}");
    assert!(parts.iter().sum::<i64>() > 20, "{parts:?}");
    assert_eq!(
        admin.ids(&manifest).await,
        data::source(&stack.database, None).await
    );
}

#[tokio::test]
async fn a_huge_job_does_not_starve_a_small_one() {
    let mut stack = Stack::builder()
        .sample(300)
        .worker("EXPORT_PART_ROWS", "5")
        .start()
        .await;
    let patient: Uuid = stack
        .database
        .value("SELECT id FROM patients LIMIT 1", &[])
        .await;
    let huge = stack.admin().start("").await;
    stack.start_worker(&[("WORKER_PARTS", "1")]).await;
    let done = "bulk_export_parts WHERE job_id = $1 AND state = 'done'";
    poll("the huge job runs", secs(20), async || {
        (stack.database.count(done, &[&job_id(&huge)]).await > 5).then_some(())
    })
    .await;
    let client = stack.patient(patient);
    let small = client.start("").await;
    client.completed(&small).await;
    let left = "bulk_export_parts WHERE job_id = $1 AND state = 'due'";
    let left = stack.database.count(left, &[&job_id(&huge)]).await;
    assert!(
        left > 20,
        "the small job was done while the huge one still had {left} parts to go"
    );
    stack.admin().completed(&huge).await;
}

#[tokio::test]
async fn parts_of_one_worker_run_at_once_up_to_its_number() {
    let mut stack = Stack::builder().start().await;
    data::patient_with_records(&stack.database, 2000, 100).await;
    let gate = Gate::close(&stack.database, "medical_records", 10).await;
    stack
        .start_worker(&[("WORKER_PARTS", "3"), ("EXPORT_PART_ROWS", "200")])
        .await;
    let admin = stack.admin();
    let url = admin.start("_type=DocumentReference").await;
    poll("three parts stand at the gate", secs(20), async || {
        (gate.waiting().await == 3).then_some(())
    })
    .await;
    bulk_export_tests::poll::holds("never a fourth", secs(2), async || {
        gate.waiting().await == 3
    })
    .await;
    gate.open().await;
    assert_eq!(
        admin.ids(&admin.completed(&url).await).await["DocumentReference"].len(),
        2000
    );
}

/// Two jobs with the same bytes: their files have one CID, and so one pin.
async fn two_equal_exports(stack: &Stack) -> [(String, String); 2] {
    let admin = stack.admin();
    let mut jobs = vec![];
    for _ in 0..2 {
        let url = admin.start("_type=Patient").await;
        let item = admin.completed(&url).await["output"][0].clone();
        assert_eq!(
            item["extension"][FILE_EXTENSION]["ipfs"],
            jobs.first()
                .map_or(&item, |(_, first): &(_, serde_json::Value)| first)["extension"]
                [FILE_EXTENSION]["ipfs"]
        );
        jobs.push((url, item));
    }
    assert_eq!(stack.kubo.pins().await.len(), 1, "one CID is one pin");
    let file = |(url, item): &(String, serde_json::Value)| {
        (url.clone(), item["url"].as_str().unwrap().to_owned())
    };
    [file(&jobs[0]), file(&jobs[1])]
}

async fn with_sweeps() -> Stack {
    Stack::builder()
        .sample(5)
        .workers(1)
        .own_kubo()
        .worker("SWEEP_INTERVAL", "1s")
        .worker("EXPORT_GRACE", "0s")
        .start()
        .await
}

#[tokio::test]
async fn of_two_jobs_with_equal_bytes_one_is_cancelled_and_the_other_stays_whole() {
    let stack = with_sweeps().await;
    let admin = stack.admin();
    let [(cancelled, _), (alive, file)] = two_equal_exports(&stack).await;
    assert_eq!(admin.delete(&cancelled).await.status, 202);
    let released = "bulk_export_files WHERE job_id = $1";
    poll(
        "the cancelled job's files are released",
        secs(20),
        async || (stack.database.count(released, &[&job_id(&cancelled)]).await == 0).then_some(()),
    )
    .await;
    stack.kubo.rpc("repo/gc").await;
    assert_eq!(stack.kubo.pins().await.len(), 1);
    let manifest = admin.completed(&alive).await;
    assert_eq!(admin.lines(&manifest["output"][0]).await.len(), 5);
    assert_eq!(admin.get(&file).await.status, 200);
}

#[tokio::test]
async fn of_two_jobs_with_equal_bytes_one_expires_and_the_other_stays_whole_until_it_expires_too() {
    let stack = with_sweeps().await;
    let admin = stack.admin();
    let [(expired, _), (alive, _)] = two_equal_exports(&stack).await;
    for (job, pins) in [(&expired, 1), (&alive, 0)] {
        stack
            .database
            .execute(
                "UPDATE bulk_export_jobs SET expires_at = clock_timestamp() WHERE id = $1",
                &[&job_id(job)],
            )
            .await;
        let rows = "bulk_export_jobs WHERE id = $1";
        poll("the sweep removes the job", secs(20), async || {
            (stack.database.count(rows, &[&job_id(job)]).await == 0).then_some(())
        })
        .await;
        stack.kubo.rpc("repo/gc").await;
        assert_eq!(stack.kubo.pins().await.len(), pins);
        if pins == 1 {
            let manifest = admin.completed(&alive).await;
            assert_eq!(admin.lines(&manifest["output"][0]).await.len(), 5);
        }
    }
}
