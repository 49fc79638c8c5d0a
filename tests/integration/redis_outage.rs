//! Redis away, back, emptied, frozen: a hint is only a hint.

use std::time::Instant;

use bulk_export_tests::{
    Stack,
    client::{accepted, job_id},
    data, poll, secs,
};
use rustix::process::{Pid, Signal, kill_process};

fn redis_process(stack: &Stack) -> Pid {
    Pid::from_raw(stack.private_redis.as_ref().unwrap().id()).unwrap()
}

/// Kicks off and checks that the answer is not kept waiting by Redis.
async fn quick_kick_off(stack: &Stack) -> String {
    let start = Instant::now();
    let url = accepted(&stack.admin().kick_off("").await);
    assert!(
        start.elapsed() < secs(5),
        "a kick-off took {:?}",
        start.elapsed()
    );
    url
}

#[tokio::test]
async fn a_job_started_while_redis_is_down_runs_when_it_is_back() {
    let mut stack = Stack::builder()
        .sample(5)
        .workers(1)
        .own_redis()
        .start()
        .await;
    kill_process(redis_process(&stack), Signal::KILL).unwrap();
    let url = quick_kick_off(&stack).await;
    let pending = "bulk_export_jobs WHERE id = $1";
    assert_eq!(
        stack.database.count(pending, &[&job_id(&url)]).await,
        1,
        "the row is committed"
    );
    assert_eq!(stack.admin().get(&url).await.status, 202);
    stack.private_redis.as_mut().unwrap().resume();
    let admin = stack.admin();
    let manifest = admin.completed(&url).await;
    assert_eq!(
        admin.ids(&manifest).await,
        data::source(&stack.database, None).await
    );
}

#[tokio::test]
async fn the_api_starts_and_accepts_while_redis_is_down() {
    let mut stack = Stack::builder().sample(2).own_redis().start().await;
    stack.api.as_mut().unwrap().terminate(secs(20)).await;
    stack.private_redis.as_ref().unwrap().halt();
    stack.start_api().await;
    let url = quick_kick_off(&stack).await;
    let ready = stack
        .client(None)
        .get(&format!("{}/readyz", stack.root()))
        .await;
    assert_eq!(ready.status, 200, "Redis is reported, not required");
    assert_ne!(ready.json()["redis"], "ok", "{}", ready.text());
    let worker = stack.spawn_worker(&[]);
    stack.workers.push(worker);
    stack.private_redis.as_mut().unwrap().resume();
    stack.admin().completed(&url).await;
    assert!(
        stack.workers[0].ended().is_none(),
        "a worker waits for Redis at its start"
    );
}

#[tokio::test]
async fn a_frozen_redis_delays_no_kick_off_and_loses_no_job() {
    let stack = Stack::builder()
        .sample(2)
        .workers(1)
        .own_redis()
        .start()
        .await;
    stack.admin().export("_type=Patient").await;
    let redis = redis_process(&stack);
    kill_process(redis, Signal::STOP).unwrap();
    let url = quick_kick_off(&stack).await;
    kill_process(redis, Signal::CONT).unwrap();
    stack.admin().completed(&url).await;
}

#[tokio::test]
async fn flushall_while_jobs_run_loses_nothing_and_doubles_nothing() {
    let mut stack = Stack::builder()
        .sample(60)
        .own_redis()
        .worker("EXPORT_PART_ROWS", "10")
        .start()
        .await;
    let admin = stack.admin();
    let urls = [
        admin.start("").await,
        admin.start("").await,
        admin.start("").await,
    ];
    stack.start_worker(&[]).await;
    stack.start_worker(&[]).await;
    for round in 0..3 {
        let done = "bulk_export_parts WHERE state = 'done'";
        poll("parts are done", secs(20), async || {
            (stack.database.count(done, &[]).await > round * 10).then_some(())
        })
        .await;
        stack.redis.flush().await;
    }
    let source = data::source(&stack.database, None).await;
    for url in urls {
        assert_eq!(admin.ids(&admin.completed(&url).await).await, source);
    }
    let again = "bulk_export_parts WHERE attempts > 1";
    assert_eq!(
        stack.database.count(again, &[]).await,
        0,
        "nothing was run twice"
    );
}

#[tokio::test]
async fn doubled_and_foreign_messages_change_nothing() {
    let stack = Stack::builder().sample(10).own_redis().start().await;
    let admin = stack.admin();
    let url = admin.start("").await;
    // The hint is pushed beside the answer.
    let message = poll("the hint is in Redis", secs(5), async || {
        stack.redis.messages().await.pop()
    })
    .await;
    let mut connection = stack.redis.connect().await;
    for (id, body) in [
        ("double-1", message.as_str()),
        ("double-2", message.as_str()),
        (
            "unknown",
            r#"{"jobId":"5f0c3a53-7f6e-4be5-8a31-5c9e5a1c2b11"}"#,
        ),
        ("nonsense", "not JSON"),
        ("other", r#"{"jobId":7,"patient":"x"}"#),
    ] {
        let () = redis::pipe()
            .hset("fhir-bulk-export:data", id, body)
            .ignore()
            .zadd("fhir-bulk-export:scheduled", id, 1)
            .ignore()
            .query_async(&mut connection)
            .await
            .unwrap();
    }
    let mut stack = stack;
    stack.start_worker(&[]).await;
    let manifest = admin.completed(&url).await;
    assert_eq!(
        admin.ids(&manifest).await,
        data::source(&stack.database, None).await
    );
    assert_eq!(
        stack
            .database
            .count("bulk_export_parts WHERE attempts <> 1", &[])
            .await,
        0
    );
    admin.export("_type=Patient").await;
    assert!(stack.workers[0].ended().is_none());
}
