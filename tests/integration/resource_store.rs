//! The resource store as its writers meet it: the functions that `docs/resource-store.md` describes.

mod batch;
mod compartment;
mod concurrent;
mod definition;
mod delete;
mod documented;
mod parts;
mod prune;
mod put;
mod time;

use bulk_export_tests::Database;
use chrono::{DateTime, Utc};
use tokio_postgres::{Client, Error};

/// Puts a resource and gives the number of its current version.
async fn put(database: &Database, body: &str) -> i64 {
    database.value("SELECT resource_put($1)", &[&body]).await
}

/// A version as it is stored.
#[derive(Debug, PartialEq)]
struct Version {
    version: i64,
    from: DateTime<Utc>,
    to: Option<DateTime<Utc>>,
    deleted: bool,
    in_patient_compartment: bool,
    body: Option<String>,
}

/// Gives all versions of a resource, the oldest first.
async fn versions(database: &Database, resource_type: &str, id: &str) -> Vec<Version> {
    let rows = database
        .session()
        .await
        .query(
            "SELECT version, valid_from, valid_to, deleted, in_patient_compartment, body FROM resource_version
             WHERE resource_type = $1 AND id = $2 ORDER BY version",
            &[&resource_type, &id],
        )
        .await
        .expect("the versions can be read");
    let version = |row: &tokio_postgres::Row| Version {
        version: row.get(0),
        from: row.get(1),
        to: row.get(2),
        deleted: row.get(3),
        in_patient_compartment: row.get(4),
        body: row.get(5),
    };
    rows.iter().map(version).collect()
}

/// Gives the patients in whose compartment a version is, in order.
async fn patients(database: &Database, resource_type: &str, id: &str, version: i64) -> Vec<String> {
    database
        .column(
            "SELECT patient_id FROM resource_compartment
             WHERE resource_type = $1 AND id = $2 AND version = $3 ORDER BY patient_id",
            &[&resource_type, &id, &version],
        )
        .await
}

/// Runs a statement that must be refused, and gives SQLSTATE and message.
async fn refused(session: &Client, sql: &str, parameter: &str) -> (String, String) {
    let error: Error = session
        .query(sql, &[&parameter])
        .await
        .expect_err("it is refused");
    let error = error.as_db_error().expect("the server refuses it");
    assert!(
        error.detail().is_none(),
        "a detail would quote the body: {error:?}"
    );
    (error.code().code().to_owned(), error.message().to_owned())
}
