//! A failed job is tried again: the same job, at its own time, and only while it may be.

use bulk_export_domain::{
    ids::{FileId, JobId},
    job::Status,
};
use bulk_export_store::operator::{Cancelled, Retried};
use bulk_export_tests::{Database, Stack, client::job_id, data, poll, poll::holds, secs};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{operator, store};

/// Starts a system whose worker gives up soon, and takes one part after the other: while one rests, the others are done.
pub(super) async fn hasty() -> Stack {
    Stack::builder()
        .sample(10)
        .workers(1)
        .worker("PART_ATTEMPTS", "2")
        .worker("WORKER_PARTS", "1")
        .start()
        .await
}

pub(super) async fn break_history(database: &Database) {
    database
        .run("ALTER TABLE medical_history RENAME COLUMN event_type TO other")
        .await;
}

pub(super) async fn mend_history(database: &Database) {
    database
        .run("ALTER TABLE medical_history RENAME COLUMN other TO event_type")
        .await;
}

async fn time_of(database: &Database, job: Uuid) -> DateTime<Utc> {
    let sql = "SELECT transaction_time FROM bulk_export_jobs WHERE id = $1";
    database.value(sql, &[&job]).await
}

#[tokio::test]
async fn a_failed_job_is_completed_by_a_retry_at_its_own_time_and_nothing_is_done_twice() {
    let stack = hasty().await;
    let (admin, store) = (stack.admin(), store(&stack.database));
    break_history(&stack.database).await;
    let url = admin.start("").await;
    admin.answers(&url, 500).await;
    let job = JobId::from_uuid(job_id(&url));
    let before = time_of(&stack.database, job.uuid()).await;
    let done = "SELECT count(*) FROM bulk_export_parts WHERE job_id = $1 AND state = 'done' AND attempts = 1";
    let done_before: i64 = stack.database.value(done, &[&job.uuid()]).await;
    let failed = store.job_view(job).await.unwrap().unwrap();
    assert_eq!(failed.state, Status::Failed);
    assert!(failed.error.is_some() && failed.parts.failed > 0);

    mend_history(&stack.database).await;
    let retried = store.retry_job(job, operator()).await.unwrap();
    assert_eq!(retried, Retried::Due(failed.parts.failed));
    let manifest = admin.completed(&url).await;
    assert_eq!(
        admin.ids(&manifest).await,
        data::source(&stack.database, None).await
    );
    assert_eq!(time_of(&stack.database, job.uuid()).await, before);
    let done_after: i64 = stack.database.value(done, &[&job.uuid()]).await;
    assert!(done_after >= done_before);
    let view = store.job_view(job).await.unwrap().unwrap();
    assert_eq!((view.state, view.error), (Status::Completed, None));
    let timeline = store.job_timeline(job, 0, 100).await.unwrap();
    let retry = timeline.iter().find(|entry| entry.action == "retry");
    let retry = retry.expect("the audit says who let it go on");
    assert_eq!(retry.who, Some(operator()));
}

#[tokio::test]
async fn it_may_fail_again_and_be_tried_again() {
    let stack = hasty().await;
    let (admin, store) = (stack.admin(), store(&stack.database));
    break_history(&stack.database).await;
    let url = admin.start("_type=Provenance").await;
    admin.answers(&url, 500).await;
    let job = JobId::from_uuid(job_id(&url));
    for _ in 0..2 {
        assert!(matches!(
            store.retry_job(job, operator()).await.unwrap(),
            Retried::Due(1..)
        ));
        poll("it runs or has failed again", secs(30), async || {
            let failures = stack
                .database
                .count(
                    "bulk_export_audit WHERE action = 'fail' AND job_id = $1",
                    &[&job.uuid()],
                )
                .await;
            let retries = stack
                .database
                .count(
                    "bulk_export_audit WHERE action = 'retry' AND job_id = $1",
                    &[&job.uuid()],
                )
                .await;
            (failures == retries + 1).then_some(())
        })
        .await;
        admin.answers(&url, 500).await;
    }
    mend_history(&stack.database).await;
    store.retry_job(job, operator()).await.unwrap();
    admin.completed(&url).await;
}

#[tokio::test]
async fn only_a_failed_job_that_has_not_expired_and_has_all_its_files_may_be_tried_again() {
    let stack = hasty().await;
    let (admin, store) = (stack.admin(), store(&stack.database));
    let retry = async |job| store.retry_job(job, operator()).await.unwrap();
    assert_eq!(retry(JobId::random()).await, Retried::Unknown);
    let url = admin.start("_type=Patient").await;
    admin.completed(&url).await;
    let completed = JobId::from_uuid(job_id(&url));
    let refused = retry(completed).await;
    assert!(
        matches!(refused, Retried::Refused(why) if why.status == Status::Completed),
        "{refused:?}"
    );
    // Its patients are done before its history fails.
    break_history(&stack.database).await;
    let url = admin.start("_type=Patient,Provenance").await;
    admin.answers(&url, 500).await;
    let failed = JobId::from_uuid(job_id(&url));
    let move_expiry = async |by: &str| {
        let sql = format!("UPDATE bulk_export_jobs SET expires_at = {by} WHERE status = 'failed'");
        stack.database.run(&sql).await;
    };
    move_expiry("clock_timestamp()").await;
    assert_eq!(retry(failed).await, Retried::Expired);
    move_expiry("clock_timestamp() + interval '1 hour'").await;
    let kept = "CREATE TABLE kept AS SELECT f.* FROM bulk_export_files f JOIN bulk_export_jobs j ON j.id = f.job_id WHERE j.status = 'failed'";
    stack.database.run(kept).await;
    assert!(stack.database.count("kept", &[]).await > 0);
    stack
        .database
        .run("DELETE FROM bulk_export_files WHERE id IN (SELECT id FROM kept)")
        .await;
    assert_eq!(retry(failed).await, Retried::FilesGone);
    stack
        .database
        .run("INSERT INTO bulk_export_files SELECT * FROM kept")
        .await;
    assert_eq!(
        store.cancel_job(failed, operator()).await.unwrap(),
        Cancelled::Done
    );
    assert!(
        matches!(retry(failed).await, Retried::Refused(why) if why.status == Status::Cancelled)
    );
    assert_eq!(
        store.cancel_job(failed, operator()).await.unwrap(),
        Cancelled::Gone
    );
    let acts = "bulk_export_audit WHERE requester_id = 'cli:operator'";
    assert_eq!(
        stack.database.count(acts, &[]).await,
        1,
        "what was refused changed nothing"
    );
}

#[tokio::test]
async fn of_many_retries_and_a_cancel_at_once_each_sees_a_whole_state() {
    let stack = hasty().await;
    let (admin, store) = (stack.admin(), store(&stack.database));
    break_history(&stack.database).await;
    let url = admin.start("_type=Provenance").await;
    admin.answers(&url, 500).await;
    let job = JobId::from_uuid(job_id(&url));
    let retries = (0..8).map(|_| store.retry_job(job, operator()));
    let (retried, cancelled) = tokio::join!(
        futures::future::join_all(retries),
        store.cancel_job(job, operator())
    );
    assert_eq!(cancelled.unwrap(), Cancelled::Done);
    let due = retried
        .into_iter()
        .filter(|retry| matches!(retry, Ok(Retried::Due(_))));
    let audited = stack
        .database
        .count("bulk_export_audit WHERE action = 'retry'", &[])
        .await;
    let due = i64::try_from(due.count()).unwrap();
    assert_eq!(due, audited);
    admin.get(&url).await.outcome(404, "not-found");
    let open = "bulk_export_parts WHERE state IN ('due', 'running')";
    holds("no part of it is open", secs(2), async || {
        stack.database.count(open, &[]).await == 0
    })
    .await;
}

#[tokio::test]
async fn a_sweep_takes_no_file_of_a_job_that_is_let_go_on_just_now() {
    let stack = hasty().await;
    let (admin, store) = (stack.admin(), store(&stack.database));
    break_history(&stack.database).await;
    let url = admin.start("_type=Patient,Provenance").await;
    admin.answers(&url, 500).await;
    let file: Uuid = stack
        .database
        .value("SELECT id FROM bulk_export_files LIMIT 1", &[])
        .await;
    // A retry that looked at the expiry in time and is not committed yet.
    let retry = stack.database.session().await;
    retry
        .batch_execute(
            "BEGIN; UPDATE bulk_export_jobs SET status = 'in_progress', error = NULL, expires_at = NULL, ended_at = NULL;",
        )
        .await
        .unwrap();
    let release = {
        let store = store.clone();
        tokio::spawn(async move {
            let unpin = |_: &_| panic!("the file's pin was released");
            store.release_file(FileId::from_uuid(file), unpin).await
        })
    };
    poll("the sweep waits for the retry", secs(20), async || {
        let waiting = "pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database()";
        (stack.database.count(waiting, &[]).await > 0).then_some(())
    })
    .await;
    retry.batch_execute("COMMIT").await.unwrap();
    release.await.unwrap().unwrap();
    let there = stack
        .database
        .count("bulk_export_files WHERE id = $1", &[&file])
        .await;
    assert_eq!(there, 1);
}
