//! The manifest of a completed job.

use bulk_export_tests::{
    Stack,
    client::{FILE_EXTENSION, job_id},
    data,
};
use chrono::{DateTime, Utc};
use serde_json::json;

#[tokio::test]
async fn a_completed_job_has_a_manifest_with_every_fact() {
    let stack = Stack::with_sample(20).await;
    let admin = stack.admin();
    let query = "_type=Patient,Consent&_outputFormat=application/fhir+ndjson";
    let url = admin.start(query).await;
    admin.completed(&url).await;
    let reply = admin.get(&url).await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let manifest = reply.json();
    assert_eq!(
        manifest["request"],
        format!("{}/Patient/$export?{query}", stack.base)
    );
    assert_eq!(manifest["requiresAccessToken"], true);
    assert_eq!(
        (&manifest["status"], &manifest["progress"]),
        (&json!("completed"), &json!(100))
    );
    assert_eq!(manifest["error"], json!([]));
    let members: Vec<&String> = manifest.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        [
            "error",
            "output",
            "progress",
            "request",
            "requiresAccessToken",
            "status",
            "transactionTime"
        ]
    );
    let output = manifest["output"].as_array().unwrap();
    assert_eq!(output.len(), 2, "{manifest}");
    for item in output {
        let job = job_id(&url);
        assert!(
            item["url"]
                .as_str()
                .unwrap()
                .starts_with(&format!("{}/$export-file/{job}/", stack.base)),
            "{item}"
        );
        let facts = &item["extension"][FILE_EXTENSION];
        let cid = facts["ipfs"]
            .as_str()
            .unwrap()
            .strip_prefix("ipfs://")
            .unwrap();
        assert!(cid.starts_with("baf"), "a CIDv1: {cid}");
        assert_eq!(
            stack.kubo.file(cid).await.unwrap().len(),
            facts["size"].as_u64().unwrap() as usize
        );
        assert_eq!(
            (&facts["coding"], &facts["decodedSize"]),
            (&json!("identity"), &facts["size"])
        );
    }
    assert_eq!(admin.ids(&manifest).await, {
        let mut source = data::source(&stack.database, None).await;
        source.retain(|kind, _| kind == "Patient" || kind == "Consent");
        source
    });
    let total: i64 = stack
        .database
        .value("SELECT total_resources FROM bulk_export_jobs", &[])
        .await;
    let counted: i64 = output
        .iter()
        .map(|item| item["count"].as_i64().unwrap())
        .sum();
    assert_eq!(total, counted);
}

#[tokio::test]
async fn a_completed_job_expires_24_hours_after_its_end() {
    let stack = Stack::with_sample(1).await;
    let admin = stack.admin();
    let url = admin.start("_type=Patient").await;
    admin.completed(&url).await;
    let expires = admin
        .get(&url)
        .await
        .header("expires")
        .expect("a manifest says until when")
        .to_owned();
    assert!(expires.ends_with(" GMT"), "an IMF-fixdate: {expires}");
    let expires = DateTime::parse_from_rfc2822(&expires).expect("an HTTP date");
    let (stored, updated): (DateTime<Utc>, DateTime<Utc>) = (
        stack
            .database
            .value("SELECT expires_at FROM bulk_export_jobs", &[])
            .await,
        stack
            .database
            .value("SELECT updated_at FROM bulk_export_jobs", &[])
            .await,
    );
    assert_eq!(expires.timestamp(), stored.timestamp());
    assert!(
        (stored - updated - chrono::Duration::hours(24))
            .num_seconds()
            .abs()
            <= 1,
        "{stored} {updated}"
    );
}

#[tokio::test]
async fn a_completed_manifest_never_changes() {
    let stack = Stack::with_sample(5).await;
    let admin = stack.admin();
    let url = admin.start("").await;
    admin.completed(&url).await;
    let first = admin.get(&url).await;
    stack.database.run("UPDATE patients SET first_name = 'Changed', updated_at = now(); DELETE FROM medical_history").await;
    data::patient_with_records(&stack.database, 3, 100).await;
    let second = admin.get(&url).await;
    assert_eq!(first.text(), second.text());
    assert_eq!(first.header("expires"), second.header("expires"));
    let manifest = second.json();
    assert_eq!(
        admin.output(&manifest).await.len(),
        4,
        "every file is still whole"
    );
}

#[tokio::test]
async fn transaction_time_is_fixed_at_kick_off() {
    let mut stack = Stack::builder().sample(5).start().await;
    let admin = stack.admin();
    let url = admin.start("").await;
    let after: DateTime<Utc> = stack.database.value("SELECT now()", &[]).await;
    let fixed: DateTime<Utc> = stack
        .database
        .value("SELECT transaction_time FROM bulk_export_jobs", &[])
        .await;
    assert!(fixed <= after, "{fixed} {after}");
    stack.start_worker(&[]).await;
    let manifest = admin.completed(&url).await;
    let told: DateTime<Utc> = manifest["transactionTime"]
        .as_str()
        .unwrap()
        .parse()
        .expect("an instant");
    assert!(
        told <= fixed && (fixed - told).num_milliseconds() < 1,
        "{told} {fixed}"
    );
}

#[tokio::test]
async fn with_ipfs_urls_the_url_is_the_cid_and_needs_no_token() {
    let stack = Stack::builder()
        .sample(3)
        .workers(1)
        .api("EXPORT_FILE_URLS", "ipfs")
        .start()
        .await;
    let manifest = stack.admin().export("").await;
    assert_eq!(manifest["requiresAccessToken"], false);
    for item in manifest["output"].as_array().unwrap() {
        assert_eq!(item["url"], item["extension"][FILE_EXTENSION]["ipfs"]);
        assert!(
            item["url"].as_str().unwrap().starts_with("ipfs://baf"),
            "{item}"
        );
    }
}
