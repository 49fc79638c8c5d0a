//! The outbox: an end and what is told of it are one transaction, and old rows go.

use bulk_export_tests::{client::job_id, poll, receiver::Receiver, secs};

use super::world::{add, near, settled};

#[tokio::test]
async fn a_job_does_not_end_without_being_told() {
    let stack = near().start().await;
    add(&stack, "http://localhost:9/", &[]).await;
    let broken = "ALTER TABLE bulk_export_deliveries ADD CONSTRAINT broken CHECK (false)";
    stack.database.run(broken).await;
    let admin = stack.admin();
    let url = admin.start("").await;
    assert_eq!(admin.delete(&url).await.status, 500);
    assert_eq!(admin.get(&url).await.status, 202, "it goes on");
    let cancels = "bulk_export_audit WHERE action = 'cancel'";
    assert_eq!(stack.database.count(cancels, &[]).await, 0);
    stack
        .database
        .run("ALTER TABLE bulk_export_deliveries DROP CONSTRAINT broken")
        .await;
    assert_eq!(admin.delete(&url).await.status, 202);
    let told = "bulk_export_deliveries WHERE job_id = $1 AND event = 'cancelled'";
    assert_eq!(stack.database.count(told, &[&job_id(&url)]).await, 1);
}

#[tokio::test]
async fn a_receiver_that_is_removed_at_that_moment_fails_no_job() {
    let stack = near().start().await;
    add(&stack, "http://localhost:9/", &[]).await;
    let admin = stack.admin();
    let url = admin.start("").await;
    let remover = stack.database.session().await;
    remover
        .batch_execute("BEGIN; DELETE FROM bulk_export_webhooks")
        .await
        .unwrap();
    let waits = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let end = async {
        poll("the cancel waits for the removal", secs(10), async || {
            (stack.database.count(waits, &[]).await == 1).then_some(())
        })
        .await;
        remover.batch_execute("COMMIT").await.unwrap();
    };
    let (cancelled, ()) = tokio::join!(admin.delete(&url), end);
    assert_eq!(cancelled.status, 202, "{}", cancelled.text());
    assert_eq!(stack.database.count("bulk_export_deliveries", &[]).await, 0);
}

#[tokio::test]
async fn old_deliveries_go_and_those_that_wait_stay() {
    let mut stack = near().worker("SWEEP_INTERVAL", "1s").start().await;
    let receiver = Receiver::plain().await;
    let (open, shut) = (
        add(&stack, &receiver.url, &["--event", "failed"]).await,
        add(&stack, &receiver.url, &["--event", "failed"]).await,
    );
    super::world::done(&stack, &["disable", &shut.id]).await;
    // Receiver, state, days since it was written, days until it is tried again.
    let rows = [
        (&open, "delivered", 8, 0, false),
        (&open, "delivered", 6, 0, true),
        (&open, "parked", 31, 0, false),
        (&open, "parked", 29, 0, true),
        (&open, "due", 400, 1, true),
        (&shut, "due", 29, 0, true),
        (&shut, "due", 31, 0, false),
    ];
    for (hook, state, days, next, _) in &rows {
        let sql = format!(
            "INSERT INTO bulk_export_deliveries (id, webhook_id, job_id, event, payload, state, created_at, next_at)
             VALUES (gen_random_uuid(), '{}', gen_random_uuid(), 'failed', '{{}}', '{state}',
                     clock_timestamp() - interval '{days} days', clock_timestamp() + interval '{next} days')",
            hook.id
        );
        stack.database.run(&sql).await;
    }
    stack.start_worker(&[]).await;
    let stay = rows.iter().filter(|row| row.4).count();
    poll("old rows are pruned", secs(20), async || {
        let left = stack.database.count("bulk_export_deliveries", &[]).await;
        (left == i64::try_from(stay).unwrap()).then_some(())
    })
    .await;
    settled(&stack, "due", 2).await;
    settled(&stack, "parked", 1).await;
    settled(&stack, "delivered", 1).await;
    assert_eq!(receiver.received().len(), 0);
}
