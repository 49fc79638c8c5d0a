//! SIGTERM: no new part, what runs is finished or handed back, and the program is gone within its grace.

use std::time::Instant;

use bulk_export_tests::{Gate, Stack, data, http::open, one_file::OneFile, poll, secs};
use tokio::io::AsyncReadExt;

#[tokio::test]
async fn a_worker_in_the_middle_of_a_part_hands_it_back_and_burns_no_attempt() {
    let mut stack = Stack::builder()
        .own_kubo()
        .common("SHUTDOWN_GRACE", "5s")
        .start()
        .await;
    let patient = data::patient_with_records(&stack.database, 1000, 10_000).await;
    let gate = Gate::close(&stack.database, "medical_records", 900).await;
    let first = stack.start_worker(&[]).await;
    let client = stack.patient(patient);
    let url = client.start("_type=DocumentReference").await;
    gate.reached().await;
    let start = Instant::now();
    let status = stack.workers[first].terminate(secs(8)).await;
    assert!(status.success(), "{status}");
    println!("the worker ended {:?} after SIGTERM", start.elapsed());
    let part: serde_json::Value = stack
        .database
        .value(
            "SELECT to_jsonb(p) FROM bulk_export_parts p WHERE kind = 'export'",
            &[],
        )
        .await;
    assert_eq!(
        (&part["state"], &part["attempts"]),
        (&"due".into(), &0.into()),
        "{part}"
    );
    gate.open().await;
    stack.start_worker(&[]).await;
    let manifest = client.completed_within(&url, secs(20)).await;
    assert_eq!(client.lines(&manifest["output"][0]).await.len(), 1000);
    let part: serde_json::Value = stack
        .database
        .value(
            "SELECT to_jsonb(p) FROM bulk_export_parts p WHERE kind = 'export'",
            &[],
        )
        .await;
    assert_eq!(
        (&part["state"], &part["attempts"]),
        (&"done".into(), &1.into()),
        "{part}"
    );
    assert_eq!(stack.kubo.pins().await.len(), 1);
}

#[tokio::test]
async fn an_idle_worker_ends_at_once() {
    let mut stack = Stack::with_sample(1).await;
    stack.admin().export("").await;
    let status = stack.workers[0].terminate(secs(5)).await;
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_worker_that_waits_for_redis_or_the_node_ends_too() {
    let mut stack = Stack::builder().own_redis().own_kubo().start().await;
    stack.private_redis.as_ref().unwrap().halt();
    stack.private_kubo.as_ref().unwrap().halt();
    let mut worker = stack.spawn_worker(&[]);
    worker.address().await;
    let status = worker.terminate(secs(10)).await;
    assert!(status.success(), "{status}");
    stack.workers.clear();
}

#[tokio::test]
async fn the_api_finishes_the_download_that_runs() {
    let mut file = OneFile::on(
        Stack::builder()
            .workers(1)
            .common("SHUTDOWN_GRACE", "20s")
            .start()
            .await,
    )
    .await;
    let authorization = file.authorization();
    let mut stream = open(
        file.stack.address(),
        &format!("GET {}", file.path()),
        &[("Authorization", &authorization)],
    )
    .await;
    let mut bytes = vec![0; 50_000];
    stream.read_exact(&mut bytes).await.unwrap();
    let api = file.stack.api.as_mut().unwrap();
    api.ask_to_end();
    stream.read_to_end(&mut bytes).await.unwrap();
    let reply = bulk_export_tests::http::parse(&bytes);
    assert!(reply.is_whole() && reply.body == file.bytes);
    let status = api.end(secs(22)).await;
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_worker_told_to_end_takes_no_new_part() {
    let mut stack = Stack::builder().sample(5).start().await;
    stack.start_worker(&[]).await;
    stack.workers[0].terminate(secs(5)).await;
    let admin = stack.admin();
    let url = admin.start("").await;
    let second = stack.start_worker(&[]).await;
    poll("the other worker does it", secs(20), async || {
        (admin.get(&url).await.status == 200).then_some(())
    })
    .await;
    assert!(stack.workers[second].ended().is_none());
}
