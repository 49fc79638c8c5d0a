//! Kick-off: what is accepted, and what an accepted kick-off leaves behind.

use bulk_export_tests::{
    Client, Stack,
    client::{accepted, job_id},
    poll, secs,
};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn an_export_is_accepted_with_an_absolute_status_url_and_stored() {
    let stack = Stack::builder().start().await;
    let reply = stack.admin().kick_off("").await;
    let url = accepted(&reply);
    let prefix = format!("{}/$export-status/", stack.base);
    assert!(url.starts_with(&prefix), "{url}");
    assert!(
        reply.body.is_empty() || reply.json()["resourceType"] == "OperationOutcome",
        "{}",
        reply.text()
    );
    let job = job_id(&url);
    let row: Value = stack
        .database
        .value(
            "SELECT to_jsonb(j) FROM bulk_export_jobs j WHERE id = $1",
            &[&job],
        )
        .await;
    assert_eq!(row["status"], "pending");
    assert_eq!(
        (&row["requester_id"], &row["requester_role"]),
        (&json!("admin"), &json!("ADMIN"))
    );
    assert_eq!(
        row["resource_types"],
        json!(["Patient", "DocumentReference", "Consent", "Provenance"])
    );
    assert_eq!(row["subject_patient"], Value::Null);
    assert_eq!(row["expires_at"], Value::Null);
    let kinds: Vec<String> = stack
        .database
        .column(
            "SELECT kind FROM bulk_export_parts WHERE job_id = $1",
            &[&job],
        )
        .await;
    assert_eq!(kinds, ["plan"]);
    let audit = stack.database.count("bulk_export_audit WHERE action = 'kick_off' AND job_id = $1 AND requester_id = 'admin'", &[&job]).await;
    assert_eq!(audit, 1);
}

#[tokio::test]
async fn the_message_on_the_queue_is_the_job_id_and_nothing_else() {
    let stack = Stack::builder().start().await;
    let patient = stack.patient("5f0c3a53-7f6e-4be5-8a31-5c9e5a1c2b11");
    let url = patient.start("_type=Patient").await;
    let messages = poll("the hint is pushed", secs(5), async || {
        Some(stack.redis.messages().await).filter(|messages| !messages.is_empty())
    })
    .await;
    assert_eq!(messages, [format!(r#"{{"jobId":"{}"}}"#, job_id(&url))]);
}

#[tokio::test]
async fn an_escaped_dollar_sign_is_a_dollar_sign() {
    let stack = Stack::with_sample(3).await;
    let admin = stack.admin();
    let request = admin.request(Method::GET, "Patient/%24export?_type=Patient");
    let reply = Client::send(
        request
            .header("Accept", "application/fhir+json")
            .header("Prefer", "respond-async"),
    )
    .await;
    let url = accepted(&reply).replace("$export-status", "%24export-status");
    let manifest = admin.completed(&url).await;
    let file = manifest["output"][0]["url"]
        .as_str()
        .unwrap()
        .replace("$export-file", "%24export-file");
    assert_eq!(admin.get(&file).await.status, 200);
    assert_eq!(admin.delete(&url).await.status, 202);
}

#[tokio::test]
async fn types_may_be_listed_repeated_and_doubled() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin();
    for (query, types) in [
        (
            "",
            vec!["Patient", "DocumentReference", "Consent", "Provenance"],
        ),
        ("_type=Consent", vec!["Consent"]),
        ("_type=Consent,Patient", vec!["Patient", "Consent"]),
        ("_type=Consent&_type=Patient", vec!["Patient", "Consent"]),
        (
            "_type=Consent%2CPatient&_type=Provenance",
            vec!["Patient", "Consent", "Provenance"],
        ),
        ("_type=Patient,Patient&_type=Patient", vec!["Patient"]),
    ] {
        let job = job_id(&admin.start(query).await);
        let sql = "SELECT resource_types FROM bulk_export_jobs WHERE id = $1";
        let stored: Vec<String> = stack.database.value(sql, &[&job]).await;
        assert_eq!(stored, types, "{query}");
    }
}

#[tokio::test]
async fn the_three_names_of_ndjson_are_output_formats_and_nothing_else_is() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin();
    for format in [
        "application/fhir%2Bndjson",
        "application/fhir+ndjson",
        "application%2Fndjson",
        "application/ndjson",
        "ndjson",
    ] {
        let reply = admin.kick_off(&format!("_outputFormat={format}")).await;
        assert_eq!(reply.status, 202, "{format}: {}", reply.text());
    }
    for format in ["application/fhir+json", "csv", "parquet", "NDJSON%00"] {
        let issue = admin
            .kick_off(&format!("_outputFormat={format}"))
            .await
            .outcome(400, "not-supported");
        assert!(
            issue["details"]["text"]
                .as_str()
                .unwrap()
                .contains("_outputFormat"),
            "{issue}"
        );
    }
}

#[tokio::test]
async fn since_must_be_an_instant_of_the_past() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin();
    let future = (chrono::Utc::now() + chrono::Duration::hours(2))
        .format("%Y-%m-%dT%H:%M:%SZ")
        .to_string();
    for since in [
        "yesterday",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-13-01T00:00:00Z",
        "1767225600",
        "",
        future.as_str(),
    ] {
        let issue = admin
            .kick_off(&format!("_since={since}"))
            .await
            .outcome(400, "invalid");
        assert!(
            issue["details"]["text"]
                .as_str()
                .unwrap()
                .contains("_since"),
            "{since}: {issue}"
        );
    }
    for since in [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.123Z",
        "2026-01-01T00:00:00%2B01:00",
        "2026-01-01T00:00:00-05:00",
    ] {
        assert_eq!(
            admin.kick_off(&format!("_since={since}")).await.status,
            202,
            "{since}"
        );
    }
}

#[tokio::test]
async fn a_query_that_is_too_long_or_not_text_is_refused_and_nothing_breaks() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin();
    let long = format!("_type={}", "Patient,".repeat(2_000));
    for query in [long.as_str(), "_type=%ff%fe", "_since=%00", "%zz=1"] {
        let reply = admin.kick_off(query).await;
        assert!(
            (400..500).contains(&reply.status.as_u16()),
            "{}: {}",
            reply.status,
            reply.text()
        );
    }
    assert_eq!(admin.kick_off("").await.status, 202);
}
