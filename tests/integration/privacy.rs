//! Whose data an export holds: compared, row by row, with the database's own.

use std::collections::BTreeSet;

use bulk_export_tests::{Stack, data};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn an_administrator_gets_every_row_of_every_type_once() {
    let stack = Stack::builder()
        .sample(150)
        .workers(2)
        .worker("EXPORT_PART_ROWS", "50")
        .start()
        .await;
    let admin = stack.admin();
    let manifest = admin.export("").await;
    let source = data::source(&stack.database, None).await;
    assert_eq!(source.len(), 4, "the sample has rows of every type");
    assert!(
        source.values().map(Vec::len).sum::<usize>() > 500,
        "{:?}",
        source.values().map(Vec::len).collect::<Vec<_>>()
    );
    assert_eq!(
        admin.ids(&manifest).await,
        source,
        "nothing missing, nothing foreign, nothing doubled"
    );
}

#[tokio::test]
async fn a_patient_gets_all_her_rows_and_no_other() {
    let stack = Stack::builder().sample(40).workers(2).start().await;
    let patients: Vec<Uuid> = stack
        .database
        .column("SELECT id FROM patients ORDER BY id", &[])
        .await;
    let mut all = data::Ids::new();
    for patient in &patients {
        let client = stack.patient(patient);
        let manifest = client.export("").await;
        let output = client.output(&manifest).await;
        for resource in output.iter().flat_map(|(_, lines)| lines) {
            if resource["resourceType"] != "Provenance" {
                assert_eq!(
                    data::owner(resource),
                    format!("Patient/{patient}"),
                    "{resource}"
                );
            }
        }
        let ids = data::exported(&output);
        assert_eq!(
            ids,
            data::source(&stack.database, Some(*patient)).await,
            "{patient}"
        );
        for (kind, ids) in ids {
            all.entry(kind).or_default().extend(ids);
        }
    }
    all.values_mut().for_each(|ids| ids.sort());
    assert_eq!(
        all,
        data::source(&stack.database, None).await,
        "all patients together have every row, each once"
    );
}

#[tokio::test]
async fn being_named_in_a_consent_or_an_event_gives_no_access() {
    let stack = Stack::with_sample(5).await;
    let ids: Vec<Uuid> = stack
        .database
        .column("SELECT id FROM patients ORDER BY id", &[])
        .await;
    let (ada, eve) = (ids[0], ids[1]);
    stack.database.execute("UPDATE medical_record_consents SET shared_with_practitioner = $1, shared_with_organization = $1", &[&eve]).await;
    stack
        .database
        .execute("UPDATE medical_history SET performed_by = $1", &[&eve])
        .await;
    stack
        .database
        .execute("UPDATE medical_records SET provider_id = $1", &[&eve])
        .await;
    assert!(
        stack
            .database
            .count("medical_records WHERE patient_id = $1", &[&ada])
            .await
            > 0
    );
    let client = stack.patient(eve);
    assert_eq!(
        client.ids(&client.export("").await).await,
        data::source(&stack.database, Some(eve)).await
    );
}

#[tokio::test]
async fn references_of_a_patients_export_stay_within_it() {
    let stack = Stack::with_sample(10).await;
    let patient: Uuid = stack
        .database
        .value("SELECT patient_id FROM medical_history LIMIT 1", &[])
        .await;
    let client = stack.patient(patient);
    let output = client.output(&client.export("").await).await;
    let own: BTreeSet<String> = output
        .iter()
        .flat_map(|(kind, lines)| {
            lines
                .iter()
                .map(move |line| format!("{kind}/{}", line["id"].as_str().unwrap()))
        })
        .collect();
    let provenances: Vec<_> = output
        .iter()
        .filter(|(kind, _)| kind == "Provenance")
        .flat_map(|(_, lines)| lines)
        .collect();
    assert!(!provenances.is_empty());
    for provenance in provenances {
        for target in provenance["target"].as_array().unwrap() {
            let target = target["reference"].as_str().unwrap();
            assert!(own.contains(target), "{target} is in nobody else's record");
        }
    }
}

#[tokio::test]
async fn since_is_strictly_greater() {
    let stack = Stack::with_sample(6).await;
    stack.database.run(
        "UPDATE patients SET updated_at = '2026-03-01T12:00:00.500Z';
         UPDATE patients SET updated_at = '2026-03-01T12:00:00.501Z' WHERE id = (SELECT max(id::text)::uuid FROM patients);
         UPDATE patients SET updated_at = '2026-03-01T12:00:00.499Z' WHERE id = (SELECT min(id::text)::uuid FROM patients);
         UPDATE medical_history SET created_at = '2026-03-01T12:00:00.500Z'",
    )
    .await;
    let last: String = stack
        .database
        .value("SELECT max(id::text) FROM patients", &[])
        .await;
    let admin = stack.admin();
    for since in [
        "2026-03-01T12:00:00.500Z",
        "2026-03-01T13:00:00.500%2B01:00",
    ] {
        let manifest = admin
            .export(&format!("_type=Patient,Provenance&_since={since}"))
            .await;
        assert_eq!(
            admin.ids(&manifest).await,
            data::Ids::from([("Patient".to_owned(), vec![last.clone()])]),
            "{since}"
        );
    }
    let manifest = admin
        .export("_type=Patient,Provenance&_since=2026-03-01T12:00:00.499Z")
        .await;
    let ids = admin.ids(&manifest).await;
    assert_eq!(ids["Patient"].len(), 5);
    assert_eq!(
        ids["Provenance"].len() as i64,
        stack.database.count("medical_history", &[]).await
    );
    let manifest = admin
        .export("_type=Patient,Provenance&_since=2026-03-01T12:00:00.501Z")
        .await;
    assert_eq!(manifest["output"], json!([]));
}

#[tokio::test]
async fn chained_since_exports_lose_nothing_that_is_written_meanwhile() {
    let mut stack = Stack::builder().sample(5).start().await;
    stack.start_worker(&[]).await;
    let admin = stack.admin();
    // A writer whose transaction is open over the kick-off, and commits with an `updated_at` that lies before it.
    let mut writer = stack.database.session().await;
    let transaction = writer.transaction().await.unwrap();
    transaction.execute("UPDATE patients SET first_name = 'Late', updated_at = now() WHERE id = (SELECT id FROM patients LIMIT 1)", &[]).await.unwrap();
    let first = admin.export("_type=Patient").await;
    transaction.commit().await.unwrap();
    let second = admin
        .export(&format!(
            "_type=Patient&_since={}",
            first["transactionTime"].as_str().unwrap()
        ))
        .await;
    let names = |output: Vec<(String, Vec<serde_json::Value>)>| -> Vec<String> {
        output
            .iter()
            .flat_map(|(_, lines)| lines)
            .map(|patient| patient["name"][0]["given"][0].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(!names(admin.output(&first).await).contains(&"Late".to_owned()));
    assert!(
        names(admin.output(&second).await).contains(&"Late".to_owned()),
        "the late change is in the second export"
    );
}
