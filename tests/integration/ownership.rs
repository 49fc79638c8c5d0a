//! Whose job it is: everybody else's is not there.

use bulk_export_tests::{Client, Stack, client::job_id, tokens};
use reqwest::{Method, header::HeaderMap};
use serde_json::json;
use uuid::Uuid;

const UNKNOWN: &str = "5f0c3a53-7f6e-4be5-8a31-5c9e5a1c2b11";

/// Gives the headers in a form that can be compared, but for the two that differ in every answer of the server.
fn all_but_date(headers: &HeaderMap) -> Vec<String> {
    let lines = headers
        .iter()
        .filter(|(name, _)| *name != "date" && *name != "x-request-id");
    let mut lines: Vec<_> = lines
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn a_patient_without_a_row_gets_an_empty_export() {
    let stack = Stack::with_sample(3).await;
    for patient in [
        UNKNOWN,
        "Patient/5f0c3a53-7f6e-4be5-8a31-5c9e5a1c2b11",
        "not-a-uuid",
        "%",
        "' OR true --",
    ] {
        let client = stack.patient(patient);
        let manifest = client.export("").await;
        assert_eq!(manifest["output"], json!([]), "{patient}");
        assert_eq!(manifest["error"], json!([]), "{patient}");
    }
}

#[tokio::test]
async fn somebody_elses_job_cannot_be_told_from_an_unknown_one() {
    let stack = Stack::with_sample(3).await;
    let ids: Vec<Uuid> = stack
        .database
        .column("SELECT id FROM patients ORDER BY id", &[])
        .await;
    let (ada, eve) = (stack.patient(ids[0]), stack.patient(ids[1]));
    let url = ada.start("").await;
    let manifest = ada.completed(&url).await;
    let (job, file) = (
        job_id(&url).to_string(),
        manifest["output"][0]["url"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned(),
    );

    let mut told = vec![];
    for (id, file) in [
        (job.as_str(), file.as_str()),
        (UNKNOWN, UNKNOWN),
        ("nonsense", "nonsense"),
        (&job, UNKNOWN),
        (&job.to_uppercase(), &file),
    ] {
        for (method, path) in [
            (Method::GET, format!("$export-status/{id}")),
            (Method::DELETE, format!("$export-status/{id}")),
            (Method::GET, format!("$export-file/{id}/{file}")),
        ] {
            let reply = Client::send(eve.request(method, &path)).await;
            reply.outcome(404, "not-found");
            told.push((all_but_date(&reply.headers), reply.body));
        }
    }
    assert!(
        told.iter().all(|answer| answer == &told[0]),
        "every 404 is byte for byte the same: {told:?}"
    );
    assert_eq!(ada.get(&url).await.status, 200, "Ada's job is untouched");
    assert_eq!(
        eve.ids(&eve.export("_type=Patient").await).await["Patient"],
        [ids[1].to_string()]
    );
}

#[tokio::test]
async fn an_administrator_sees_every_job() {
    let stack = Stack::with_sample(3).await;
    let patient: Uuid = stack
        .database
        .value("SELECT id FROM patients LIMIT 1", &[])
        .await;
    let url = stack.patient(patient).start("_type=Patient").await;
    let other = stack.client(Some(tokens::token("another-admin", "ADMIN")));
    let manifest = other.completed(&url).await;
    assert_eq!(other.ids(&manifest).await["Patient"], [patient.to_string()]);
    assert_eq!(other.delete(&url).await.status, 202);
    stack
        .patient(patient)
        .get(&url)
        .await
        .outcome(404, "not-found");
}

#[tokio::test]
async fn an_administrator_who_became_a_patient_loses_the_export_of_everyone() {
    let stack = Stack::with_sample(2).await;
    let id: Uuid = stack
        .database
        .value("SELECT id FROM patients LIMIT 1", &[])
        .await;
    let as_admin = stack.client(Some(tokens::token(&id.to_string(), "ADMIN")));
    let url = as_admin.start("").await;
    let file = as_admin.completed(&url).await["output"][0]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let as_patient = stack.patient(id);
    as_patient.get(&url).await.outcome(404, "not-found");
    as_patient.get(&file).await.outcome(404, "not-found");
    as_patient.delete(&url).await.outcome(404, "not-found");
    assert_eq!(as_admin.get(&url).await.status, 200);
}
