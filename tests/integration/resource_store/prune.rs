//! Versions that nobody can read any more.

use bulk_export_tests::Database;
use chrono::{DateTime, Utc};

use super::{put, versions};

async fn prune(database: &Database, horizon: &str, most: i64) -> i64 {
    let sql = format!("SELECT resource_prune({horizon}, $1)");
    database.value(&sql, &[&most]).await
}

async fn of_three(database: &Database, id: &str) {
    for number in 1..=3 {
        put(
            database,
            &format!(r#"{{"resourceType":"Observation","id":"{id}","subject":{{"reference":"Patient/p"}},"x":{number}}}"#),
        )
        .await;
    }
}

#[tokio::test]
async fn versions_that_have_ended_go_and_the_current_one_stays() {
    let database = Database::migrated().await;
    of_three(&database, "a").await;
    of_three(&database, "b").await;
    put(&database, r#"{"resourceType":"Device","id":"d"}"#).await;
    database
        .run("SELECT resource_delete('Observation', 'b'); SELECT resource_delete('Device', 'd')")
        .await;
    assert_eq!(prune(&database, "'-infinity'", 100).await, 0);
    let ended: DateTime<Utc> = versions(&database, "Observation", "a").await[0].to.unwrap();
    assert_eq!(
        prune(&database, &format!("'{ended}'"), 100).await,
        1,
        "up to the horizon and with it"
    );
    assert_eq!(
        prune(&database, "now()", 2).await,
        2,
        "no more than asked for"
    );
    assert_eq!(prune(&database, "now()", 100).await, 3);
    assert_eq!(prune(&database, "now()", 100).await, 0);
    let left: Vec<String> = database
        .column(
            "SELECT concat_ws(' ', resource_type, id, version) FROM resource_version ORDER BY 1",
            &[],
        )
        .await;
    assert_eq!(
        left,
        ["Device d 2", "Observation a 3", "Observation b 4"],
        "tombstones stay"
    );
    let left: Vec<String> = database
        .column("SELECT concat_ws(' ', resource_type, id, version) FROM resource_compartment ORDER BY 1", &[])
        .await;
    assert_eq!(left, ["Observation a 3", "Observation b 4"]);
    of_three(&database, "b").await;
    assert_eq!(
        versions(&database, "Observation", "b")
            .await
            .last()
            .unwrap()
            .version,
        7
    );
}

#[tokio::test]
async fn what_a_job_under_way_can_still_read_stays() {
    let database = Database::migrated().await;
    of_three(&database, "a").await;
    let between = versions(&database, "Observation", "a").await[1].from;
    let job = "INSERT INTO bulk_export_jobs (id, requester_id, requester_role, resource_types, level, request_url, transaction_time)
        VALUES (gen_random_uuid(), 'x', 'ADMIN', '{}', 'patient', 'x', $1)";
    database.execute(job, &[&between]).await;
    assert_eq!(
        prune(&database, "now()", 100).await,
        1,
        "the one that ended at the job's time, and not its successor"
    );
    database
        .run("UPDATE bulk_export_jobs SET status = 'failed', error = 'x', expires_at = now() + interval '1 hour'")
        .await;
    assert_eq!(
        prune(&database, "now()", 100).await,
        0,
        "an operator may have a failed job tried again, at the same time"
    );
    database
        .run("UPDATE bulk_export_jobs SET expires_at = now() - interval '2 hours'")
        .await;
    assert_eq!(prune(&database, "now()", 100).await, 1);
}
