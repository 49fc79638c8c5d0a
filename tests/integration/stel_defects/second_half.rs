//! The defects of the earlier system, second half: its worker, its files and its idea of who is who.

use bulk_export_tests::{Stack, client::FILE_EXTENSION, data, poll, secs, tokens};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn stel_09_a_part_that_fails_is_tried_again() {
    let stack = Stack::builder().sample(5).workers(1).start().await;
    stack
        .database
        .run("ALTER TABLE patients RENAME COLUMN mrn TO other")
        .await;
    let admin = stack.admin();
    let url = admin.start("_type=Patient").await;
    let failed = "bulk_export_parts WHERE attempts >= 1 AND state = 'due'";
    poll("the first attempt fails", secs(20), async || {
        (stack.database.count(failed, &[]).await == 1).then_some(())
    })
    .await;
    assert_eq!(admin.get(&url).await.status, 202);
    stack
        .database
        .run("ALTER TABLE patients RENAME COLUMN other TO mrn")
        .await;
    let manifest = admin.completed(&url).await;
    assert_eq!(manifest["output"][0]["count"], 5);
}

#[tokio::test]
async fn stel_10_the_sweep_unpins_files_and_removes_failed_and_cancelled_jobs_too() {
    let stack = Stack::builder()
        .sample(2)
        .workers(1)
        .own_kubo()
        .common("EXPORT_TTL", "1s")
        .worker("EXPORT_GRACE", "0s")
        .worker("SWEEP_INTERVAL", "1s")
        .worker("PART_ATTEMPTS", "1")
        .start()
        .await;
    let admin = stack.admin();
    admin.start("").await;
    let cancelled = admin.start("").await;
    admin.delete(&cancelled).await;
    stack
        .database
        .run("ALTER TABLE medical_history RENAME COLUMN event_type TO other")
        .await;
    admin.start("").await;
    let ended = "bulk_export_audit WHERE action IN ('complete', 'cancel', 'fail')";
    poll("the three jobs end", secs(20), async || {
        (stack.database.count(ended, &[]).await >= 3).then_some(())
    })
    .await;
    let rows = async || (stack.database.count("bulk_export_jobs", &[]).await == 0).then_some(());
    poll("the three jobs are swept", secs(30), rows).await;
    assert!(stack.kubo.pins().await.is_empty());
}

#[tokio::test]
async fn stel_11_the_cid_is_the_nodes_own_and_leads_to_the_bytes() {
    let stack = Stack::with_sample(5).await;
    let admin = stack.admin();
    let manifest = admin.export("").await;
    let mut seen = vec![];
    for item in manifest["output"].as_array().unwrap() {
        let cid = item["extension"][FILE_EXTENSION]["ipfs"]
            .as_str()
            .unwrap()
            .trim_start_matches("ipfs://")
            .to_owned();
        let bytes = admin.get(item["url"].as_str().unwrap()).await.body;
        assert_eq!(stack.kubo.file(&cid).await.unwrap(), bytes);
        assert_eq!(
            stack.kubo.cid_of(&bytes).await,
            cid,
            "the node gives the same CID to the same bytes"
        );
        assert!(stack.kubo.pins().await.contains_key(&cid), "and keeps it");
        seen.push(cid);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4, "different files, different CIDs");
}

#[tokio::test]
async fn stel_12_every_url_of_a_manifest_can_be_read_with_the_same_token() {
    let stack = Stack::with_sample(5).await;
    let patient: Uuid = stack
        .database
        .value("SELECT id FROM patients LIMIT 1", &[])
        .await;
    let client = stack.patient(patient);
    let manifest = client.export("").await;
    assert_eq!(manifest["requiresAccessToken"], true);
    for item in manifest["output"].as_array().unwrap() {
        let url = item["url"].as_str().unwrap();
        assert!(url.starts_with("http"), "{url}");
        assert_eq!(client.get(url).await.status, 200);
        stack.client(None).get(url).await.outcome(401, "login");
    }
}

#[tokio::test]
async fn stel_13_the_patient_is_named_by_a_claim_of_her_own() {
    let stack = Stack::builder()
        .sample(3)
        .workers(1)
        .api("AUTH_PATIENT_CLAIM", "fhir_patient")
        .start()
        .await;
    let patient: Uuid = stack
        .database
        .value("SELECT id FROM patients LIMIT 1", &[])
        .await;
    let mut claims = tokens::claims("auth0|user-7", "PATIENT");
    claims["fhir_patient"] = json!(patient);
    let client = stack.client(Some(tokens::sign(&claims, tokens::SECRET)));
    assert_eq!(
        client.ids(&client.export("").await).await,
        data::source(&stack.database, Some(patient)).await
    );
    // The user's id is nobody's patient id, not even when it is one.
    claims["sub"] = json!(patient);
    claims["fhir_patient"] = Value::Null;
    let client = stack.client(Some(tokens::sign(&claims, tokens::SECRET)));
    client.kick_off("").await.outcome(403, "forbidden");
}

#[tokio::test]
async fn stel_14_a_role_that_is_neither_is_refused() {
    let stack = Stack::with_sample(2).await;
    let patient: Uuid = stack
        .database
        .value("SELECT id FROM patients LIMIT 1", &[])
        .await;
    for role in ["PRACTITIONER", "RECEPTIONIST", "USER", ""] {
        let client = stack.client(Some(tokens::token(&patient.to_string(), role)));
        client.kick_off("").await.outcome(403, "forbidden");
    }
    assert_eq!(stack.database.count("bulk_export_jobs", &[]).await, 0);
}

#[tokio::test]
async fn stel_15_an_empty_type_has_no_item_and_every_file_ends_with_a_newline() {
    let stack = Stack::with_sample(3).await;
    stack
        .database
        .run("DELETE FROM medical_record_consents")
        .await;
    let admin = stack.admin();
    let manifest = admin.export("").await;
    let mut types: Vec<_> = manifest["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    types.sort_unstable();
    assert_eq!(types, ["DocumentReference", "Patient", "Provenance"]);
    for item in manifest["output"].as_array().unwrap() {
        let body = admin.get(item["url"].as_str().unwrap()).await.body;
        assert!(body.ends_with(b"}\n") && !body.ends_with(b"\n\n") && body.starts_with(b"{"));
    }
}

/// This is that test: the real programs, a real database, a real queue and a real node, from a token to the bytes.
#[tokio::test]
async fn stel_16_the_whole_way_is_tested_on_real_services() {
    let stack = Stack::with_sample(10).await;
    for client in [
        stack.admin(),
        stack.patient(
            stack
                .database
                .value::<Uuid>("SELECT id FROM patients LIMIT 1", &[])
                .await,
        ),
    ] {
        let url = client.start("").await;
        let manifest = client.completed(&url).await;
        assert!(!client.ids(&manifest).await.is_empty());
        assert_eq!(client.delete(&url).await.status, 202);
        client.get(&url).await.outcome(404, "not-found");
    }
}
