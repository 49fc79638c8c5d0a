//! A sweep that an operator asks for.

use std::time::Duration;

use bulk_export_domain::ids::JobId;
use bulk_export_store::operator::SweepReport;
use bulk_export_tests::{Database, Stack, client::job_id, poll, secs};

use super::{operator, store};

#[tokio::test]
async fn a_worker_sweeps_when_it_is_asked_to_and_tells_what_it_did() {
    let mut stack = Stack::builder()
        .sample(5)
        .own_kubo()
        .worker("EXPORT_GRACE", "0s")
        .worker("SWEEP_INTERVAL", "1h")
        .start()
        .await;
    stack.start_worker(&[]).await;
    stack.start_worker(&[]).await;
    let (admin, store) = (stack.admin(), store(&stack.database));
    let url = admin.start("_type=Patient,Consent").await;
    admin.completed(&url).await;
    let kept = admin.start("_type=Provenance").await;
    admin.completed(&kept).await;
    let pins = stack.kubo.pins().await.len() as u64;
    let owned = store.owned_pins().await.unwrap();
    assert_eq!((owned.pins, owned.ending_files), (pins, 0));
    let expire = "UPDATE bulk_export_jobs SET expires_at = clock_timestamp() WHERE id = $1";
    stack.database.execute(expire, &[&job_id(&url)]).await;
    assert_eq!(store.owned_pins().await.unwrap().ending_files, 2);

    let wanted = store.want_sweep(operator()).await.unwrap();
    let swept = poll("the sweep has ended", secs(30), async || {
        let swept = store.last_sweep().await.unwrap();
        swept.filter(|swept| swept.at > wanted)
    })
    .await;
    assert_eq!((swept.report.files, swept.report.jobs), (2, 1));
    assert_eq!((swept.report.orphans, swept.report.failed), (0, 0));
    assert_eq!(swept.report.pins, Some((pins - 2, 0)));
    assert_eq!(stack.kubo.pins().await.len() as u64, pins - 2);
    let gone = store
        .job_view(JobId::from_uuid(job_id(&url)))
        .await
        .unwrap();
    assert!(gone.is_none());
    let who: String = stack
        .database
        .value(
            "SELECT requester_id FROM bulk_export_audit WHERE action = 'sweep'",
            &[],
        )
        .await;
    assert_eq!(who, operator().reveal());
}

#[tokio::test]
async fn a_request_is_taken_by_one_and_again_when_that_one_dies() {
    let database = Database::migrated().await;
    let (store, minute) = (store(&database), Duration::from_mins(1));
    let take = async || store.take_wanted_sweep(minute).await.unwrap();
    assert_eq!(take().await, None, "nobody has asked");
    let first = store.want_sweep(operator()).await.unwrap();
    let takes = futures::future::join_all((0..4).map(|_| store.take_wanted_sweep(minute))).await;
    let taken: Vec<_> = takes.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(taken, [first]);
    database
        .run("UPDATE bulk_export_service SET sweep_lease_until = clock_timestamp() - interval '1 second'")
        .await;
    assert_eq!(take().await, Some(first), "who took it has died");
    // Asked again while it is swept: what came to an end meanwhile may not be seen by that sweep.
    let second = store.want_sweep(operator()).await.unwrap();
    let report = SweepReport::default();
    store.swept(report, Some(first)).await.unwrap();
    assert_eq!(take().await, Some(second));
    store.swept(report, Some(second)).await.unwrap();
    assert_eq!(take().await, None);
    // One that comes by itself ends no request.
    let third = store.want_sweep(operator()).await.unwrap();
    store.swept(report, None).await.unwrap();
    assert_eq!(take().await, Some(third));
}
