//! The node's disk: parts wait before it is full, and go on by themselves when there is room.

use bulk_export_tests::{Stack, data, poll, secs};
use serde_json::Value;

async fn note(stack: &Stack) -> Option<String> {
    let sql = "SELECT note FROM bulk_export_workers";
    let notes: Vec<Option<String>> = stack.database.column(sql, &[]).await;
    notes.into_iter().next()?
}

/// Gives the bytes on the node, this many at least, and the most that it may hold, as a worker wrote them.
async fn measured(stack: &Stack, least: i64) -> (i64, i64) {
    let sql = "SELECT jsonb_build_array(repo_bytes, capacity_bytes) FROM bulk_export_node";
    poll("the node is measured", secs(15), async || {
        let row: Vec<Value> = stack.database.column(sql, &[]).await;
        let held = row[0][0].as_i64().filter(|held| *held >= least)?;
        Some((held, row[0][1].as_i64()?))
    })
    .await
}

#[tokio::test]
async fn parts_wait_before_the_node_is_full_and_go_on_when_there_is_room() {
    let mut stack = Stack::builder()
        .own_kubo()
        .worker("SWEEP_INTERVAL", "1s")
        .worker("EXPORT_GRACE", "0s")
        .common("EXPORT_TTL", "1h")
        .start()
        .await;
    let patient = data::patient_with_records(&stack.database, 500, 8000).await;
    stack.start_worker(&[]).await;
    let client = stack.patient(patient);
    let first = client.start("_type=DocumentReference").await;
    client.completed(&first).await;
    let private = "bulk_export_node WHERE private";
    poll(
        "it is seen that the node is private",
        secs(15),
        async || (stack.database.count(private, &[]).await == 1).then_some(()),
    )
    .await;
    let (held, capacity) = measured(&stack, 500 * 8000).await;
    assert!(capacity > held, "{held} of {capacity}");

    // The node may hold what it holds now, and little more.
    let most = format!("config?arg=Datastore.StorageMax&arg={}B", held * 100 / 95);
    stack.kubo.rpc(&most).await;
    stack.private_kubo.as_ref().unwrap().halt();
    stack.private_kubo.as_mut().unwrap().resume();
    poll(
        "the worker says that the node is full",
        secs(30),
        async || note(&stack).await.filter(|note| note.contains("full")),
    )
    .await;
    let url = format!("http://{}/readyz", stack.workers[0].address().await);
    let ready: Value = reqwest::get(&url).await.unwrap().json().await.unwrap();
    assert_eq!(
        (&ready["status"], &ready["claiming"]),
        (&"ready".into(), &false.into())
    );
    assert!(
        ready["note"].as_str().unwrap().contains("nearly full"),
        "{ready}"
    );
    assert_eq!(stack.workers[0].log().matches("nearly full").count(), 1);

    let waiting = client.start("_type=Patient").await;
    let beats = "SELECT seen_at::text FROM bulk_export_workers";
    let before: Vec<String> = stack.database.column(beats, &[]).await;
    poll("the worker goes on saying so", secs(15), async || {
        let now: Vec<String> = stack.database.column(beats, &[]).await;
        (now != before).then_some(())
    })
    .await;
    assert_eq!(client.get(&waiting).await.json()["status"], "pending");

    // The first export goes; its pins are released though the node is full, and the sweep collects.
    assert_eq!(client.delete(&first).await.status, 202);
    // A collection comes a minute after the last one at the earliest.
    stack
        .database
        .run("UPDATE bulk_export_node SET collected_at = NULL")
        .await;
    client.completed_within(&waiting, secs(90)).await;
    assert_eq!(note(&stack).await, None);
    assert_eq!(stack.workers[0].log().matches("has room again").count(), 1);
}
