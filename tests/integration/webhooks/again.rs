//! Attempts: until the receiver takes it, under one id, for a day; then parked, and delivered again when it is asked for.

use bulk_export_tests::{
    Stack, poll,
    poll::holds,
    receiver::{Answer, Receiver, SECRET_ANSWER},
    secs,
};
use serde_json::{Value, json};

use super::world::{Hook, add, deliveries, done, due_now, near, run, settled, tried};

/// A system with a worker and a receiver that is told of one cancelled export.
async fn one_cancelled(answer: Answer) -> (Stack, Receiver, Hook) {
    let mut stack = near().start().await;
    let receiver = Receiver::plain().await;
    receiver.answers(answer);
    let hook = add(&stack, &receiver.url, &["--event", "cancelled"]).await;
    cancel_one(&stack).await;
    stack.start_worker(&[]).await;
    (stack, receiver, hook)
}

async fn cancel_one(stack: &Stack) {
    let admin = stack.admin();
    let url = admin.start("_type=Patient").await;
    assert_eq!(admin.delete(&url).await.status, 202);
}

#[tokio::test]
async fn an_answer_of_500_is_tried_again_under_the_same_id() {
    let (stack, receiver, hook) = one_cancelled(Answer::Status(500)).await;
    let delivery = tried(&stack, 1).await;
    assert_eq!(
        (&delivery["state"], &delivery["lastStatus"]),
        (&json!("due"), &json!(500))
    );
    let wait: f64 = stack
        .database
        .value("SELECT extract(epoch FROM next_at - clock_timestamp())::float8 FROM bulk_export_deliveries", &[])
        .await;
    assert!(wait < 6.0, "the first wait is short: {wait}");
    due_now(&stack).await;
    tried(&stack, 2).await;
    receiver.answers(Answer::Status(200));
    due_now(&stack).await;
    let delivery = settled(&stack, "delivered", 1).await.remove(0);
    assert_eq!(delivery["attempts"], 3);
    assert_eq!(delivery["lastError"], Value::Null);
    let received = receiver.received();
    assert_eq!(received.len(), 3);
    for one in &received {
        assert_eq!(one.id(), delivery["delivery"].as_str().unwrap());
        assert_eq!(one.body, received[0].body, "byte for byte");
        assert!(one.is_signed_with(&hook.secret), "with a time of its own");
    }
    let row: Value = stack
        .database
        .value("SELECT to_jsonb(d) FROM bulk_export_deliveries d", &[])
        .await;
    for text in [row.to_string(), stack.logs()] {
        for secret in [SECRET_ANSWER, hook.secret.as_str()] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    assert!(
        !stack.logs().contains(&receiver.url),
        "a URL may hold a secret"
    );
}

#[tokio::test]
async fn a_worker_killed_between_the_answer_and_its_note_lets_it_be_delivered_again() {
    let (mut stack, receiver, _) = one_cancelled(Answer::Later).await;
    let first = receiver.received_at_least(1).await.remove(0);
    let keeper = stack.database.session().await;
    keeper
        .batch_execute("BEGIN; SELECT 1 FROM bulk_export_deliveries FOR UPDATE")
        .await
        .unwrap();
    receiver.answers(Answer::Status(200));
    let noting = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%last_status = $4%'";
    poll(
        "the worker notes that it was delivered",
        secs(10),
        async || (stack.database.count(noting, &[]).await == 1).then_some(()),
    )
    .await;
    stack.workers[0].crash();
    let killed = format!("SELECT pg_terminate_backend(pid) FROM {noting}");
    stack.database.column::<bool>(&killed, &[]).await;
    keeper.batch_execute("COMMIT").await.unwrap();
    stack.start_worker(&[]).await;
    holds("its lease is minded", secs(2), async || {
        receiver.received().len() == 1
    })
    .await;
    let over = "UPDATE bulk_export_deliveries SET lease_until = clock_timestamp()";
    assert_eq!(stack.database.execute(over, &[]).await, 1);
    let again = receiver.received_at_least(2).await.remove(1);
    assert_eq!((again.id(), &again.body), (first.id(), &first.body));
    settled(&stack, "delivered", 1).await;
}

#[tokio::test]
async fn after_the_last_attempt_it_is_parked_and_delivered_again_when_asked() {
    let (stack, receiver, hook) = one_cancelled(Answer::Status(503)).await;
    tried(&stack, 1).await;
    let last = "UPDATE bulk_export_deliveries SET attempts = 10, next_at = clock_timestamp()";
    stack.database.execute(last, &[]).await;
    let parked = settled(&stack, "parked", 1).await.remove(0);
    assert_eq!(
        (&parked["attempts"], &parked["lastStatus"]),
        (&json!(11), &json!(503))
    );
    let sent = receiver.received().len();
    holds("it stays parked", secs(3), async || {
        receiver.received().len() == sent
    })
    .await;
    let listed = done(&stack, &["list", "--json"]).await;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(
        (&listed[0]["parked"], &listed[0]["due"]),
        (&json!(1), &json!(0))
    );

    receiver.answers(Answer::Status(202));
    let id = parked["delivery"].as_str().unwrap();
    done(&stack, &["redeliver", id]).await;
    let delivered = settled(&stack, "delivered", 1).await.remove(0);
    assert_eq!(
        (&delivered["delivery"], &delivered["attempts"]),
        (&json!(id), &json!(1))
    );
    let again = receiver.received().pop().unwrap();
    assert_eq!(again.id(), id);
    assert!(again.is_signed_with(&hook.secret));
    // What was delivered can be delivered again too, and what is parked all at once.
    done(&stack, &["redeliver", id]).await;
    receiver.received_at_least(sent + 2).await;
    settled(&stack, "delivered", 1).await;
    assert_eq!(
        done(&stack, &["redeliver", "--parked", &hook.id]).await,
        "0 are delivered again\n"
    );
    let asked = "bulk_export_audit WHERE action = 'webhook' AND outcome = 'redelivered' AND requester_id LIKE 'cli:%'";
    assert_eq!(stack.database.count(asked, &[]).await, 3);
    let unknown = run(&stack, &["redeliver", &uuid::Uuid::new_v4().to_string()]).await;
    assert_eq!(unknown.status.code(), Some(4));
}

#[tokio::test]
async fn an_answer_of_410_disables_the_receiver_until_it_is_enabled() {
    let (stack, receiver, hook) = one_cancelled(Answer::Status(410)).await;
    settled(&stack, "parked", 1).await;
    let listed: Value = serde_json::from_str(&done(&stack, &["list", "--json"]).await).unwrap();
    assert_eq!(listed[0]["state"], "disabled");
    let noted = "bulk_export_audit WHERE action = 'webhook' AND outcome = 'disabled'";
    assert_eq!(stack.database.count(noted, &[]).await, 1);
    receiver.answers(Answer::Status(200));
    cancel_one(&stack).await;
    holds("nothing is delivered", secs(3), async || {
        receiver.received().len() == 1
    })
    .await;
    let waiting = deliveries(&stack, &["--state", "due"]).await;
    assert_eq!(waiting.len(), 1, "what it would be told waits");
    let refused = run(&stack, &["redeliver", "--parked", &hook.id]).await;
    assert!(refused.stderr.contains("enable"), "{}", refused.stderr);
    done(&stack, &["enable", &hook.id]).await;
    let received = receiver.received_at_least(2).await;
    assert_eq!(received[1].id(), waiting[0]["delivery"].as_str().unwrap());
    done(&stack, &["redeliver", "--parked", &hook.id]).await;
    settled(&stack, "delivered", 2).await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (stack, receiver, _) = one_cancelled(Answer::Redirect).await;
    let delivery = tried(&stack, 1).await;
    assert_eq!(
        (&delivery["state"], &delivery["lastStatus"]),
        (&json!("due"), &json!(307))
    );
    let paths: Vec<_> = receiver
        .received()
        .into_iter()
        .map(|one| one.path)
        .collect();
    assert_eq!(paths, ["/hook"]);
}

#[tokio::test]
async fn an_answer_without_an_end_is_not_read() {
    let (mut stack, receiver, _) = one_cancelled(Answer::Endless).await;
    let delivered = settled(&stack, "delivered", 1).await.remove(0);
    assert_eq!(
        (&delivered["attempts"], &delivered["lastStatus"]),
        (&json!(1), &json!(200))
    );
    receiver.answers(Answer::EndlessHead);
    cancel_one(&stack).await;
    receiver.received_at_least(2).await;
    let broken = deliveries_tried(&stack).await;
    assert_eq!(
        (&broken["state"], &broken["lastStatus"]),
        (&json!("due"), &Value::Null)
    );
    let peak = stack.workers[0].peak_memory();
    assert!(peak < 128 << 20, "{peak} bytes");
    assert!(stack.workers[0].ended().is_none());
}

/// Waits until the delivery that is due was tried once, and gives it.
async fn deliveries_tried(stack: &Stack) -> Value {
    let rows =
        "bulk_export_deliveries WHERE state = 'due' AND attempts = 1 AND lease_until IS NULL";
    poll("it was tried", secs(30), async || {
        (stack.database.count(rows, &[]).await == 1).then_some(())
    })
    .await;
    deliveries(stack, &["--state", "due"]).await.remove(0)
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_is_given_up_after_its_deadline() {
    let (stack, receiver, _) = one_cancelled(Answer::Silence).await;
    let delivery = tried(&stack, 1).await;
    assert_eq!(
        (&delivery["state"], &delivery["lastStatus"]),
        (&json!("due"), &Value::Null)
    );
    assert_eq!(delivery["lastError"], "it did not answer in time");
    assert_eq!(receiver.received().len(), 1);
}
