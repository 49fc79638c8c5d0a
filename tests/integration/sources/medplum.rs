//! Medplum's tables.

use bulk_export_tests::{data::exported, poll, secs};
use chrono::{DateTime, Duration, Utc};

use super::{Source, are_fhir, ids, texts};

/// The project that is exported; rows.sql has another one too.
const PROJECT: (&str, &str) = ("project", "a0000000-0000-4000-8000-000000000001");

async fn medplum() -> Source {
    Source::exported("medplum", &[], &[PROJECT]).await
}

/// The ids of these resources, as rows.sql makes them of their names.
async fn named<const N: usize>(source: &Source, names: [&str; N]) -> Vec<String> {
    let id = "SELECT overlay(overlay(md5(name) PLACING '4' FROM 13 FOR 1) PLACING '8' FROM 17 FOR 1)::uuid::text
              FROM unnest($1::text[]) AS name";
    source.database.column(id, &[&names.as_slice()]).await
}

#[tokio::test]
async fn everything_of_one_project_is_exported_as_fhir() {
    let source = medplum().await;
    let stack = source.stack().workers(1).start().await;
    let admin = stack.admin();
    let manifest = admin.export("").await;
    let output = admin.output(&manifest).await;
    // Nothing knows the version of a row that was written past Medplum.
    let unversioned = named(&source, ["ben, without meta"]).await;
    assert_eq!(are_fhir(&output), unversioned);
    let observations = named(
        &source,
        [
            "ann, twice",
            "ann, changed",
            "ann, pretty",
            "ann, for the account of ben",
            "of both",
            "ben, one",
            "ben, without meta",
            "cid, one",
        ],
    );
    let expected = ids([
        ("Patient", named(&source, ["ann", "ben", "dee"]).await),
        ("Observation", observations.await),
        ("Group", named(&source, ["group"]).await),
        ("Provenance", named(&source, ["provenance"]).await),
    ]);
    assert_eq!(exported(&output), expected);
    assert!(
        !stack.logs().contains("Familie"),
        "no health data in the log"
    );

    let told = texts(&admin.outcomes(&manifest).await);
    assert_eq!(told.len(), 1, "{told:?}");
    let broken = named(&source, ["ben, broken"]).await;
    assert!(told[0].contains(&broken[0]), "{told:?}");
}

#[tokio::test]
async fn the_bodies_go_out_as_they_were_stored() {
    let source = medplum().await;
    let stack = source.stack().workers(1).start().await;
    let admin = stack.admin();
    let manifest = admin.export("_type=Observation").await;
    let item = &manifest["output"][0];
    let text = admin.get(item["url"].as_str().unwrap()).await.text();
    assert_eq!(text.matches("72.50").count(), 8, "decimals keep their form");
    for inner in ["author", "project", "compartment", "account"] {
        assert!(!text.contains(&format!("\"{inner}\"")), "meta.{inner}");
    }
}

#[tokio::test]
async fn a_patient_gets_her_compartment_and_no_more() {
    let source = medplum().await;
    let stack = source.stack().workers(1).start().await;
    let of = async |patient: String| {
        let client = stack.patient(patient);
        let manifest = client.export("").await;
        client.ids(&manifest).await
    };
    let patients = named(&source, ["ann", "ben", "cid", "dee", "zoe", "nobody"]).await;
    let [ann, ben, cid, dee, zoe, nobody] = &patients[..] else {
        panic!("six ids")
    };
    let anns = named(
        &source,
        [
            "ann, twice",
            "ann, changed",
            "ann, pretty",
            "ann, for the account of ben",
            "of both",
        ],
    );
    let expected = ids([
        ("Patient", vec![ann.clone(), dee.clone()]),
        ("Observation", anns.await),
        ("Group", named(&source, ["group"]).await),
    ]);
    assert_eq!(of(ann.clone()).await, expected);

    let bens = named(&source, ["ben, one", "ben, without meta", "of both"]);
    let expected = ids([
        ("Patient", vec![ben.clone()]),
        ("Observation", bens.await),
        ("Group", named(&source, ["group"]).await),
        ("Provenance", named(&source, ["provenance"]).await),
    ]);
    assert_eq!(of(ben.clone()).await, expected);

    let expected = ids([("Observation", named(&source, ["cid, one"]).await)]);
    assert_eq!(of(cid.clone()).await, expected, "a deleted patient's");
    assert_eq!(of(zoe.clone()).await, ids([]), "another tenant's");
    assert_eq!(of(nobody.clone()).await, ids([]));
    assert_eq!(of("no-uuid".to_owned()).await, ids([]));
}

#[tokio::test]
async fn the_exporters_role_sees_the_relation_and_no_other_project() {
    let source = medplum().await;
    let session = source.session_of_the_reader().await;
    let denied = session.query(r#"SELECT FROM "Patient""#, &[]).await;
    assert!(denied.is_err());
    let theirs = "SELECT count(*) FROM bulk_export.medplum_observation WHERE body LIKE '%b0000000-0000-4000%'";
    let row = session.query_one(theirs, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn what_was_written_within_the_lag_is_in_the_next_export_too() {
    let source = medplum().await;
    let stack = source
        .stack()
        .workers(1)
        .common("EXPORT_SOURCE_LAG", "60s")
        .start()
        .await;
    let admin = stack.admin();
    let before = Utc::now();
    let first = admin.export("_type=Patient").await;
    let at: DateTime<Utc> = first["transactionTime"].as_str().unwrap().parse().unwrap();
    assert!(at <= before - Duration::seconds(59), "{at}");
    let next = admin
        .export(&format!(
            "_type=Patient&_since={}",
            at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
        ))
        .await;
    assert_eq!(admin.ids(&next).await, admin.ids(&first).await);

    let later = Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let last = admin.export(&format!("_type=Patient&_since={later}")).await;
    assert_eq!(admin.ids(&last).await, ids([]));
}

#[tokio::test]
async fn a_project_that_is_not_there_keeps_a_worker_from_starting() {
    let project = ("project", "c0000000-0000-4000-8000-000000000001");
    let source = Source::exported("medplum", &[], &[project]).await;
    let log = source.refused().await;
    assert!(log.contains("there is no such project"), "{log}");
    let stack = source.stack().start().await;
    poll("the API says it too", secs(30), async || {
        stack
            .logs()
            .contains("there is no such project")
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn tables_that_were_not_reindexed_keep_a_worker_from_starting() {
    let source = medplum().await;
    source
        .database
        .run(r#"UPDATE "DatabaseMigration" SET "dataVersion" = 0"#)
        .await;
    let log = source.refused().await;
    assert!(
        log.contains("the reindex of Medplum 4 has not run"),
        "{log}"
    );
}

#[tokio::test]
async fn many_parts_hold_each_resource_once() {
    let source = Source::exported("medplum", &[("patients", "40")], &[PROJECT]).await;
    source.exports_each_observation_once().await;
}

#[tokio::test]
async fn one_patients_rows_are_found_by_indexes() {
    let source = Source::exported("medplum", &[("patients", "300")], &[PROJECT]).await;
    let patient = named(&source, ["patient 7"]).await;
    let plan = source.plan_of_hers(&patient[0]).await;
    assert!(!plan.contains("Seq Scan"), "{plan}");
    assert!(
        plan.contains(r#"Index Scan using "Observation_pkey""#),
        "{plan}"
    );
}

#[tokio::test]
async fn the_checks_of_the_documentation_run() {
    let source = medplum().await;
    let told = source.runs("check.sql", &[]);
    assert!(
        told.contains("Observation|9|12"),
        "exported and stored: {told}"
    );
    assert!(told.ends_with("Observation|1\n"), "meta.account: {told}");
}
