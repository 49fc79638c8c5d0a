//! A resource that ends.

use bulk_export_tests::Database;

use super::{patients, put, versions};

async fn delete(database: &Database, id: &str) -> Option<i64> {
    let sql = "SELECT resource_delete('Observation', $1)";
    database.value(sql, &[&id]).await
}

#[tokio::test]
async fn a_tombstone_ends_a_resource_and_a_later_version_begins_it_anew() {
    let database = Database::migrated().await;
    let body = r#"{"resourceType":"Observation","id":"o","subject":{"reference":"Patient/ada"}}"#;
    assert_eq!(delete(&database, "o").await, None, "there never was one");
    assert_eq!(put(&database, body).await, 1);
    assert_eq!(delete(&database, "o").await, Some(2));
    assert_eq!(delete(&database, "o").await, Some(2), "once is enough");
    assert_eq!(
        put(&database, body).await,
        3,
        "the same text is new after a tombstone"
    );
    let all = versions(&database, "Observation", "o").await;
    assert_eq!(
        all.iter()
            .map(|one| (one.deleted, one.body.is_some()))
            .collect::<Vec<_>>(),
        [(false, true), (true, false), (false, true)]
    );
    assert_eq!(all[0].to, Some(all[1].from));
    assert_eq!(all[1].to, Some(all[2].from));
}

#[tokio::test]
async fn a_tombstone_is_in_the_compartments_of_the_version_before_it() {
    let database = Database::migrated().await;
    let of = |patient: &str| {
        format!(
            r#"{{"resourceType":"Observation","id":"o","subject":{{"reference":"Patient/{patient}"}}}}"#
        )
    };
    put(&database, &of("ada")).await;
    put(&database, &of("eve")).await;
    delete(&database, "o").await;
    assert_eq!(patients(&database, "Observation", "o", 1).await, ["ada"]);
    assert_eq!(patients(&database, "Observation", "o", 3).await, ["eve"]);
    assert!(versions(&database, "Observation", "o").await[2].in_patient_compartment);

    put(&database, r#"{"resourceType":"Observation","id":"p"}"#).await;
    delete(&database, "p").await;
    assert!(!versions(&database, "Observation", "p").await[1].in_patient_compartment);
}
