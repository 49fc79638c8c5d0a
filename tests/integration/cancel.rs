//! Cancel: from every state, at once, for good; and its pins go.

use bulk_export_tests::{Gate, Stack, client::job_id, data, poll, poll::holds, secs};
use futures::{StreamExt, stream};

async fn status_of(stack: &Stack, url: &str) -> String {
    stack
        .database
        .value(
            "SELECT status FROM bulk_export_jobs WHERE id = $1",
            &[&job_id(url)],
        )
        .await
}

/// Checks what a client sees of a cancelled job.
async fn is_gone(stack: &Stack, url: &str) {
    let admin = stack.admin();
    admin.get(url).await.outcome(404, "not-found");
    admin.delete(url).await.outcome(404, "not-found");
    assert_eq!(status_of(stack, url).await, "cancelled");
}

#[tokio::test]
async fn a_pending_job_is_cancelled_and_never_runs() {
    let mut stack = Stack::builder().sample(3).start().await;
    let admin = stack.admin();
    let url = admin.start("").await;
    let reply = admin.delete(&url).await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    assert!(reply.body.is_empty() || reply.json()["resourceType"] == "OperationOutcome");
    is_gone(&stack, &url).await;
    stack.start_worker(&[]).await;
    let other = admin.start("_type=Patient").await;
    admin.completed(&other).await;
    is_gone(&stack, &url).await;
    let parts = stack
        .database
        .count(
            "bulk_export_parts WHERE job_id = $1 AND (attempts > 0 OR state <> 'cancelled')",
            &[&job_id(&url)],
        )
        .await;
    assert_eq!(parts, 0, "no part of it ever ran");
}

#[tokio::test]
async fn a_running_worker_stops_within_two_seconds_and_leaves_no_pin() {
    let mut stack = Stack::builder().own_kubo().start().await;
    let patient = data::patient_with_records(&stack.database, 1000, 10_000).await;
    let gate = Gate::close(&stack.database, "medical_records", 900).await;
    stack.start_worker(&[]).await;
    let admin = stack.admin();
    // The patient is done and pinned, the records stand at the gate.
    let url = admin.start("_type=Patient,DocumentReference").await;
    gate.reached().await;
    poll("the first part is done", secs(20), async || {
        (stack.kubo.pins().await.len() == 1).then_some(())
    })
    .await;
    assert_eq!(admin.delete(&url).await.status, 202);
    gate.left(secs(2)).await;
    is_gone(&stack, &url).await;
    poll("the pins are released", secs(10), async || {
        stack.kubo.pins().await.is_empty().then_some(())
    })
    .await;
    gate.open().await;
    let manifest = stack
        .patient(patient)
        .export("_type=DocumentReference")
        .await;
    assert_eq!(
        manifest["output"][0]["count"], 1000,
        "the worker is free for another job"
    );
    is_gone(&stack, &url).await;
    assert_eq!(
        stack
            .database
            .count("bulk_export_files WHERE job_id = $1", &[&job_id(&url)])
            .await,
        0
    );
}

#[tokio::test]
async fn a_completed_job_is_cancelled_with_its_files_and_pins() {
    let stack = Stack::builder()
        .sample(3)
        .workers(1)
        .own_kubo()
        .start()
        .await;
    let admin = stack.admin();
    let url = admin.start("").await;
    let manifest = admin.completed(&url).await;
    assert_eq!(stack.kubo.pins().await.len(), 4);
    assert_eq!(admin.delete(&url).await.status, 202);
    is_gone(&stack, &url).await;
    for item in manifest["output"].as_array().unwrap() {
        admin
            .get(item["url"].as_str().unwrap())
            .await
            .outcome(404, "not-found");
    }
    poll("the pins are released", secs(10), async || {
        stack.kubo.pins().await.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_failed_job_can_be_cancelled() {
    let stack = Stack::builder()
        .sample(3)
        .workers(1)
        .worker("PART_ATTEMPTS", "1")
        .own_kubo()
        .start()
        .await;
    stack
        .database
        .run("ALTER TABLE medical_history RENAME COLUMN event_type TO other")
        .await;
    let admin = stack.admin();
    let url = admin.start("").await;
    admin.answers(&url, 500).await;
    assert_eq!(admin.delete(&url).await.status, 202);
    is_gone(&stack, &url).await;
    poll("the pins are released", secs(10), async || {
        stack.kubo.pins().await.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_job_is_not_restarted_by_an_old_hint_or_the_reconciler() {
    let mut stack = Stack::builder().sample(3).start().await;
    let admin = stack.admin();
    let url = admin.start("").await;
    admin.delete(&url).await;
    poll("its hint is there", secs(5), async || {
        (stack.redis.messages().await.len() == 1).then_some(())
    })
    .await;
    stack.start_worker(&[]).await;
    let runs = "bulk_export_parts WHERE worker IS NOT NULL";
    // Three rounds of the reconciler.
    holds("no part is claimed", secs(3), async || {
        stack.database.count(runs, &[]).await == 0
    })
    .await;
    is_gone(&stack, &url).await;
}

#[tokio::test]
async fn cancel_races_completion_200_times_and_exactly_one_wins() {
    let stack = Stack::builder()
        .sample(1)
        .workers(2)
        .own_kubo()
        .start()
        .await;
    let admin = stack.admin();
    let race = async |number: u32| {
        let url = admin.start("_type=Patient").await;
        // A client that looks so many times before it loses patience: the moment of the DELETE is spread over the
        // job's life, from before the plan to after the end.
        // On any machine, a quarter is cancelled at once and a quarter after the end.
        let looks = [0, u32::MAX, number % 40, number % 40][number as usize % 4];
        let mut completed_before = false;
        for _ in 0..looks {
            completed_before = admin.get(&url).await.status == 200;
            if completed_before && (looks == u32::MAX || !number.is_multiple_of(3)) {
                break;
            }
        }
        assert_eq!(admin.delete(&url).await.status, 202);
        admin.get(&url).await.outcome(404, "not-found");
        (job_id(&url), completed_before)
    };
    let jobs: Vec<_> = stream::iter(0..200)
        .map(race)
        .buffer_unordered(6)
        .collect()
        .await;

    let still = "bulk_export_parts WHERE state IN ('due', 'running')";
    poll("nothing runs any more", secs(20), async || {
        (stack.database.count(still, &[]).await == 0).then_some(())
    })
    .await;
    poll("every pin is released", secs(30), async || {
        stack.kubo.pins().await.is_empty().then_some(())
    })
    .await;
    assert_eq!(
        stack
            .database
            .count("bulk_export_jobs WHERE status = 'cancelled'", &[])
            .await,
        200
    );
    let mut completed_first = 0;
    for (job, seen_completed) in jobs {
        let sql = "SELECT action FROM bulk_export_audit WHERE job_id = $1 AND action IN ('complete', 'fail', 'cancel') ORDER BY id";
        let ends: Vec<String> = stack.database.column(sql, &[&job]).await;
        assert!(
            ends == ["cancel"] || ends == ["complete", "cancel"],
            "{job}: {ends:?}"
        );
        assert!(
            !seen_completed || ends.len() == 2,
            "{job} was seen completed"
        );
        completed_first += i32::from(ends.len() == 2);
    }
    println!("of 200 jobs {completed_first} were completed before they were cancelled");
    assert!(
        (10..=190).contains(&completed_first),
        "it was a race: {completed_first}"
    );
}
