//! Expiry: from `expires_at` on a job is gone, whether the sweep has come or not.

use bulk_export_tests::{Stack, poll, secs};

#[tokio::test]
async fn an_expired_job_is_not_found_even_before_the_sweep() {
    let stack = Stack::with_sample(3).await;
    let admin = stack.admin();
    let url = admin.start("").await;
    let manifest = admin.completed(&url).await;
    stack
        .database
        .run("UPDATE bulk_export_jobs SET expires_at = clock_timestamp()")
        .await;
    admin.get(&url).await.outcome(404, "not-found");
    admin.delete(&url).await.outcome(404, "not-found");
    for item in manifest["output"].as_array().unwrap() {
        admin
            .get(item["url"].as_str().unwrap())
            .await
            .outcome(404, "not-found");
    }
    assert_eq!(
        stack
            .database
            .count("bulk_export_jobs WHERE status = 'completed'", &[])
            .await,
        1,
        "the row is still there"
    );
}

#[tokio::test]
async fn the_time_to_live_counts_from_the_end() {
    let stack = Stack::builder()
        .sample(3)
        .workers(1)
        .common("EXPORT_TTL", "2s")
        .start()
        .await;
    let admin = stack.admin();
    let url = admin.start("").await;
    admin.completed(&url).await;
    poll("the job expires", secs(5), async || {
        (admin.get(&url).await.status == 404).then_some(())
    })
    .await;
    let lived: f64 = stack
        .database
        .value(
            "SELECT extract(epoch FROM expires_at - updated_at)::float8 FROM bulk_export_jobs",
            &[],
        )
        .await;
    assert!((1.9..=2.1).contains(&lived), "{lived}");
}

#[tokio::test]
async fn a_failed_job_expires_too() {
    let stack = Stack::builder()
        .sample(1)
        .workers(1)
        .common("EXPORT_TTL", "2s")
        .worker("PART_ATTEMPTS", "1")
        .start()
        .await;
    stack
        .database
        .run("ALTER TABLE patients RENAME COLUMN mrn TO other")
        .await;
    let admin = stack.admin();
    let url = admin.start("_type=Patient").await;
    admin.answers(&url, 500).await;
    poll("the job expires", secs(5), async || {
        (admin.get(&url).await.status == 404).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_job_that_runs_does_not_expire() {
    let stack = Stack::builder().common("EXPORT_TTL", "1s").start().await;
    let url = stack.admin().start("").await;
    stack.database.run("UPDATE bulk_export_jobs SET created_at = created_at - interval '3 days', updated_at = updated_at - interval '3 days'").await;
    assert_eq!(stack.admin().get(&url).await.status, 202);
}
