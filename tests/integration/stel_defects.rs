//! The sixteen defects of the earlier system, each as a test that says how it is here.

mod second_half;

use bulk_export_tests::{
    Client, Gate, Stack,
    client::{FILE_EXTENSION, job_id},
    data,
};
use chrono::{DateTime, Utc};
use reqwest::Method;

#[tokio::test]
async fn stel_01_export_is_not_taken_for_the_id_of_a_patient() {
    let stack = Stack::builder().start().await;
    assert_eq!(stack.admin().kick_off("").await.status, 202);
    stack
        .admin()
        .get("Patient/export")
        .await
        .outcome(404, "not-found");
}

#[tokio::test]
async fn stel_02_a_comma_list_of_types_is_accepted() {
    let stack = Stack::with_sample(4).await;
    let admin = stack.admin();
    let manifest = admin.export("_type=Patient,Consent").await;
    assert_eq!(
        admin.ids(&manifest).await.into_keys().collect::<Vec<_>>(),
        ["Consent", "Patient"]
    );
}

#[tokio::test]
async fn stel_03_a_running_job_is_202_and_a_failed_one_500() {
    let stack = Stack::builder()
        .sample(2)
        .worker("PART_ATTEMPTS", "1")
        .start()
        .await;
    let admin = stack.admin();
    let url = admin.start("").await;
    assert_eq!(admin.get(&url).await.status, 202);
    let mut stack = stack;
    stack.start_worker(&[]).await;
    admin.completed(&url).await;
    stack
        .database
        .run("ALTER TABLE patients RENAME COLUMN mrn TO other")
        .await;
    let url = admin.start("").await;
    admin.answers(&url, 500).await.outcome(500, "processing");
}

#[tokio::test]
async fn stel_04_accept_and_prefer_are_checked_and_progress_and_retry_after_are_sent() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin();
    let without_prefer = admin
        .request(Method::GET, "Patient/$export")
        .header("Accept", "application/fhir+json");
    Client::send(without_prefer).await.outcome(400, "required");
    let without_json = admin
        .request(Method::GET, "Patient/$export")
        .header("Accept", "text/csv")
        .header("Prefer", "respond-async");
    Client::send(without_json)
        .await
        .outcome(400, "not-supported");
    let reply = admin.get(&admin.start("").await).await;
    assert!(
        reply
            .header("retry-after")
            .is_some_and(|value| value.parse::<u32>().is_ok())
    );
    assert!(reply.header("x-progress").is_some());
}

#[tokio::test]
async fn stel_05_transaction_time_is_of_the_kick_off_and_never_changes() {
    let mut stack = Stack::builder().sample(2).start().await;
    let admin = stack.admin();
    let url = admin.start("").await;
    let kicked_off: DateTime<Utc> = stack.database.value("SELECT clock_timestamp()", &[]).await;
    stack.start_worker(&[]).await;
    let first = admin.completed(&url).await["transactionTime"].clone();
    assert!(first.as_str().unwrap().parse::<DateTime<Utc>>().unwrap() <= kicked_off);
    stack
        .database
        .run("UPDATE bulk_export_jobs SET updated_at = now() + interval '1 hour'")
        .await;
    assert_eq!(admin.get(&url).await.json()["transactionTime"], first);
}

#[tokio::test]
async fn stel_06_a_table_is_never_held_in_memory() {
    let mut stack = Stack::builder().start().await;
    data::patient_with_records(&stack.database, 20_000, 10_000).await;
    let worker = stack.start_worker(&[]).await;
    let manifest = stack.admin().export("_type=DocumentReference").await;
    let size: u64 = manifest["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["extension"][FILE_EXTENSION]["size"].as_u64().unwrap())
        .sum();
    let peak = stack.workers[worker].peak_memory();
    assert!(
        size > 200_000_000 && peak < 96 << 20,
        "{size} bytes in {peak} bytes of memory"
    );
}

#[tokio::test]
async fn stel_07_a_patient_with_more_than_65535_records_is_exported() {
    let stack = Stack::builder().workers(1).start().await;
    let patient = data::patient_with_records(&stack.database, 70_000, 32).await;
    let client = stack.patient(patient);
    let manifest = client.export("_type=DocumentReference").await;
    assert_eq!(
        client.ids(&manifest).await["DocumentReference"],
        data::source(&stack.database, Some(patient)).await["DocumentReference"]
    );
}

#[tokio::test]
async fn stel_08_a_cancelled_job_stays_cancelled_when_its_worker_ends() {
    let mut stack = Stack::builder().start().await;
    let patient = data::patient_with_records(&stack.database, 200, 1000).await;
    let gate = Gate::close(&stack.database, "medical_records", 150).await;
    stack.start_worker(&[]).await;
    let client = stack.patient(patient);
    let url = client.start("_type=DocumentReference").await;
    gate.reached().await;
    assert_eq!(client.delete(&url).await.status, 202);
    gate.open().await;
    let next = client.start("_type=Patient").await;
    client.completed(&next).await;
    let status: String = stack
        .database
        .value(
            "SELECT status FROM bulk_export_jobs WHERE id = $1",
            &[&job_id(&url)],
        )
        .await;
    assert_eq!(status, "cancelled");
    client.get(&url).await.outcome(404, "not-found");
}
