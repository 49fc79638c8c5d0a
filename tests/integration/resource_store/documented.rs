//! The examples of `docs/resource-store.md` do what it says.

use bulk_export_tests::{Database, binaries::workspace, database::read};

use super::{patients, put, versions};

/// Gives the indented lines of the section with this title: its SQL.
fn sql(title: &str) -> String {
    let page = read(&workspace().join("docs/resource-store.md"));
    let section = page
        .split("\n##")
        .find(|section| section.trim_start_matches(['#', ' ']).starts_with(title))
        .unwrap_or_else(|| panic!("the page has a section \"{title}\""));
    let lines = section.lines().filter_map(|line| line.strip_prefix("    "));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_trigger_mirrors_a_table_of_the_platform() {
    let database = Database::migrated().await;
    database.run(&sql("A table of the platform")).await;
    let id = "6d0c5d2e-8a3b-4a53-9d54-0d2a5a0d9b11";
    database
        .run(&format!(
            "INSERT INTO vital_signs VALUES ('{id}', '0b9d7d3a-54c8-4f7a-8f5e-0c7a5e1a2b33', '29463-7', 71.50, 'kg', now());
             UPDATE vital_signs SET id = id; UPDATE vital_signs SET value = 72; DELETE FROM vital_signs"
        ))
        .await;
    let all = versions(&database, "Observation", id).await;
    let deleted: Vec<bool> = all.iter().map(|one| one.deleted).collect();
    assert_eq!(
        deleted,
        [false, false, true],
        "an update of nothing is none"
    );
    let body = all[0].body.as_ref().unwrap();
    let start = format!(r#"{{"resourceType":"Observation","id":"{id}","meta":{{"versionId":"1","#);
    assert!(body.starts_with(&start), "{body}");
    assert!(body.contains("71.50"), "a decimal keeps its zeros: {body}");
    assert_eq!(
        patients(&database, "Observation", id, 3).await,
        ["0b9d7d3a-54c8-4f7a-8f5e-0c7a5e1a2b33"]
    );
}

#[tokio::test]
async fn a_type_gets_a_partition_of_its_own_later() {
    let database = Database::migrated().await;
    let specimen = |number: u32| {
        format!(
            r#"{{"resourceType":"Specimen","id":"s","subject":{{"reference":"Patient/p{number}"}}}}"#
        )
    };
    put(&database, &specimen(1)).await;
    put(&database, r#"{"resourceType":"Basic","id":"b"}"#).await;
    database.run(&sql("Growth")).await;
    assert_eq!(put(&database, &specimen(2)).await, 2);
    assert_eq!(database.count("resource_version_specimen", &[]).await, 2);
    assert_eq!(database.count("resource_version_default", &[]).await, 1);
    let storage =
        "pg_attribute WHERE attrelid = 'resource_version_specimen'::regclass AND attname = 'body'
        AND attstorage = 'm' AND attcompression = 'l'";
    assert_eq!(
        database.count(storage, &[]).await,
        1,
        "stored as the others are"
    );
}
