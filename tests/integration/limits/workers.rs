//! The rows by which people see the workers: there while a worker is, and gone when it ended in order.

use bulk_export_tests::{Gate, Stack, data, poll, secs};
use serde_json::Value;

async fn rows(stack: &Stack) -> Vec<Value> {
    let sql = "SELECT to_jsonb(w) || jsonb_build_object('fresh', seen_at > now() - interval '20 s')
               FROM bulk_export_workers w ORDER BY started_at";
    stack.database.column(sql, &[]).await
}

#[tokio::test]
async fn a_worker_tells_what_it_does_and_takes_its_leave() {
    let mut stack = Stack::builder().worker("WORKER_PARTS", "3").start().await;
    let patient = data::patient_with_records(&stack.database, 500, 1000).await;
    let gate = Gate::close(&stack.database, "medical_records", 400).await;
    stack.start_worker(&[]).await;
    let client = stack.patient(patient);
    let url = client.start("_type=DocumentReference").await;
    gate.reached().await;
    let row = poll("the row tells of the part", secs(15), async || {
        rows(&stack).await.pop().filter(|row| row["running"] == 1)
    })
    .await;
    assert_eq!(
        (&row["slots"], &row["claiming"]),
        (&3.into(), &true.into()),
        "{row}"
    );
    assert_eq!(
        (&row["note"], &row["fresh"]),
        (&Value::Null, &true.into()),
        "{row}"
    );
    assert_eq!(row["version"], env!("CARGO_PKG_VERSION"));
    gate.open().await;
    client.completed(&url).await;
    assert!(stack.workers[0].terminate(secs(8)).await.success());
    assert_eq!(rows(&stack).await, [Value::Null; 0]);
}

#[tokio::test]
async fn a_worker_without_its_node_says_so() {
    let mut stack = Stack::builder().own_kubo().workers(1).start().await;
    poll("the worker claims", secs(10), async || {
        rows(&stack)
            .await
            .pop()
            .filter(|row| row["claiming"] == true)
    })
    .await;
    stack.private_kubo.as_ref().unwrap().halt();
    let mut other = stack.spawn_worker(&[]);
    let row = poll(
        "the second worker tells why it waits",
        secs(15),
        async || {
            rows(&stack)
                .await
                .pop()
                .filter(|row| row["claiming"] == false)
        },
    )
    .await;
    let note = row["note"].as_str().unwrap();
    assert!(note.contains("IPFS node"), "{row}");
    stack.private_kubo.as_mut().unwrap().resume();
    poll("it claims when the node is back", secs(15), async || {
        let claiming = |row: &Value| row["claiming"] == true && row["note"].is_null();
        rows(&stack).await.iter().all(claiming).then_some(())
    })
    .await;
    assert!(other.terminate(secs(8)).await.success());
}

#[tokio::test]
async fn a_crashed_workers_row_grows_old_and_a_sweep_removes_it_after_a_day() {
    let mut stack = Stack::builder().own_kubo().workers(1).start().await;
    poll("the row is there", secs(10), async || {
        rows(&stack).await.pop()
    })
    .await;
    stack.workers[0].crash();
    let sql = "UPDATE bulk_export_workers SET seen_at = seen_at - interval '23 hours 59 minutes'";
    stack.database.run(sql).await;
    stack.start_worker(&[("SWEEP_INTERVAL", "1s")]).await;
    let swept = "bulk_export_workers WHERE claiming";
    poll("the second worker is there", secs(10), async || {
        (stack.database.count(swept, &[]).await == 2).then_some(())
    })
    .await;
    let sql = "UPDATE bulk_export_workers SET seen_at = seen_at - interval '2 minutes' WHERE seen_at < now() - interval '1 hour'";
    assert_eq!(
        stack.database.execute(sql, &[]).await,
        1,
        "a day has not passed yet"
    );
    poll("the row is removed", secs(10), async || {
        (rows(&stack).await.len() == 1).then_some(())
    })
    .await;
}
