//! Many workers, many receivers: each delivery once when all is well, and nobody waits for somebody else.

use std::{collections::BTreeSet, time::Instant};

use bulk_export_tests::{
    Stack,
    client::job_id,
    poll::holds,
    receiver::{Answer, Received, Receiver},
    secs,
};
use rustix::process::{Pid, Signal, kill_process};

use super::world::{add, near, settled};

/// Starts and cancels that many exports and gives their ids.
async fn cancel(stack: &Stack, number: usize) -> BTreeSet<String> {
    let admin = stack.admin();
    let mut jobs = BTreeSet::new();
    for _ in 0..number {
        let url = admin.start("_type=Patient").await;
        assert_eq!(admin.delete(&url).await.status, 202);
        jobs.insert(job_id(&url).to_string());
    }
    jobs
}

fn jobs(received: &[Received]) -> Vec<String> {
    let job = |one: &Received| one.payload()["data"]["jobId"].as_str().unwrap().to_owned();
    let mut jobs: Vec<_> = received.iter().map(job).collect();
    jobs.sort();
    jobs
}

#[tokio::test]
async fn three_workers_deliver_each_once() {
    let mut stack = near().start().await;
    let (first, second) = (Receiver::plain().await, Receiver::plain().await);
    let hooks = [
        add(&stack, &first.url, &["--event", "cancelled"]).await,
        add(&stack, &second.url, &["--event", "cancelled"]).await,
    ];
    let mut told = cancel(&stack, 20).await;
    for _ in 0..3 {
        stack.start_worker(&[]).await;
    }
    told.extend(cancel(&stack, 20).await);
    settled(&stack, "delivered", 80).await;
    let told: Vec<String> = told.into_iter().collect();
    for (receiver, hook) in [&first, &second].into_iter().zip(&hooks) {
        let received = receiver.received();
        assert_eq!(jobs(&received), told, "each once");
        assert!(received.iter().all(|one| one.is_signed_with(&hook.secret)));
    }
    let once = "bulk_export_deliveries WHERE attempts = 1 AND state = 'delivered'";
    assert_eq!(stack.database.count(once, &[]).await, 80);
}

#[tokio::test]
async fn a_slow_receiver_delays_nobody_and_is_told_one_thing_at_a_time() {
    let mut stack = near().start().await;
    let (slow, fast) = (Receiver::plain().await, Receiver::plain().await);
    slow.answers(Answer::Silence);
    for url in [&slow.url, &fast.url] {
        add(&stack, url, &["--event", "cancelled"]).await;
    }
    cancel(&stack, 5).await;
    stack.start_worker(&[]).await;
    stack.start_worker(&[]).await;
    slow.received_at_least(1).await;
    let began = Instant::now();
    fast.received_at_least(5).await;
    assert!(began.elapsed() < secs(6), "{:?}", began.elapsed());
    // Its deadline is ten seconds: within them nobody sends it anything else.
    holds("one at a time", secs(5), async || {
        slow.received().len() == 1
    })
    .await;
}

#[tokio::test]
async fn nothing_is_lost_while_redis_is_away() {
    let stack = near().workers(1).own_redis().start().await;
    let receiver = Receiver::plain().await;
    add(&stack, &receiver.url, &["--event", "cancelled"]).await;
    let redis = stack.private_redis.as_ref().unwrap().id();
    kill_process(Pid::from_raw(redis).unwrap(), Signal::KILL).unwrap();
    let told = cancel(&stack, 3).await;
    receiver.received_at_least(3).await;
    settled(&stack, "delivered", 3).await;
    assert_eq!(
        jobs(&receiver.received()),
        told.into_iter().collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_worker_that_ends_lets_what_is_under_way_end_first() {
    let mut stack = near().workers(1).start().await;
    let receiver = Receiver::plain().await;
    receiver.answers(Answer::Later);
    add(&stack, &receiver.url, &["--event", "cancelled"]).await;
    cancel(&stack, 1).await;
    receiver.received_at_least(1).await;
    stack.workers[0].ask_to_end();
    let log = bulk_export_tests::poll("it stops", secs(10), async || {
        Some(stack.workers[0].log()).filter(|log| log.contains("stopping"))
    });
    log.await;
    assert!(stack.workers[0].ended().is_none(), "it waits");
    receiver.answers(Answer::Status(200));
    stack.workers[0].end(secs(15)).await;
    let noted = "bulk_export_deliveries WHERE state = 'delivered' AND attempts = 1";
    assert_eq!(stack.database.count(noted, &[]).await, 1);
}
