//! transactionTime of the store, and what holds it back.

use bulk_export_tests::{Database, poll, secs};
use chrono::{DateTime, TimeDelta, Utc};

use super::{put, versions};

const ANY: &str =
    r#"SELECT resource_put('{"resourceType":"Basic","id":"b","x":' || random() || '}')"#;

async fn time(database: &Database) -> (DateTime<Utc>, DateTime<Utc>) {
    let session = database.session().await;
    let row = session
        .query_one("SELECT at, clock FROM resource_transaction_time()", &[])
        .await
        .unwrap();
    (row.get(0), row.get(1))
}

/// Gives who holds the time back: process and name of a prepared transaction.
async fn writers(database: &Database) -> Vec<(Option<i32>, Option<String>)> {
    let session = database.session().await;
    let rows = session
        .query(
            "SELECT pid, prepared FROM resource_writer ORDER BY began",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Sets the store's clock back by an hour.
async fn set_back(database: &Database) {
    database
        .run("CREATE OR REPLACE FUNCTION resource_clock(instant timestamptz) RETURNS timestamptz LANGUAGE sql
              AS $$ SELECT instant - interval '1 hour' $$")
        .await;
}

#[tokio::test]
async fn it_is_the_present_while_nobody_writes_whoever_reads() {
    let database = Database::migrated().await;
    let reader = database.session().await;
    reader
        .batch_execute("BEGIN; SELECT count(*) FROM resource_version")
        .await
        .unwrap();
    put(&database, r#"{"resourceType":"Basic","id":"a"}"#).await;
    let (at, clock) = time(&database).await;
    assert!(clock - at <= TimeDelta::milliseconds(2), "{at} {clock}");
    assert_eq!(at.timestamp_subsec_micros() % 1000, 0, "whole milliseconds");
    put(&database, r#"{"resourceType":"Basic","id":"b"}"#).await;
    let written = versions(&database, "Basic", "b").await[0].from;
    assert!(
        written > clock,
        "what comes after a kick-off is later than its clock"
    );
    assert_eq!(writers(&database).await, []);
}

#[tokio::test]
async fn an_open_writer_holds_it_back_until_it_ends_and_can_be_seen() {
    let database = Database::migrated().await;
    let writer = database.session().await;
    let pid: i32 = writer
        .query_one("SELECT pg_backend_pid()", &[])
        .await
        .unwrap()
        .get(0);
    let begun: DateTime<Utc> = {
        writer.batch_execute("BEGIN").await.unwrap();
        writer.query_one("SELECT now()", &[]).await.unwrap().get(0)
    };
    let (idle, _) = time(&database).await;
    assert!(
        idle > begun - TimeDelta::milliseconds(3),
        "an idle transaction holds nothing back"
    );
    // Rolled back to a savepoint, a write leaves nothing that must be waited for.
    writer
        .batch_execute(&format!("SAVEPOINT a; {ANY}; ROLLBACK TO a"))
        .await
        .unwrap();
    assert_eq!(writers(&database).await, []);
    writer
        .batch_execute(&format!("SAVEPOINT b; {ANY}; ROLLBACK TO b; {ANY}; {ANY}"))
        .await
        .unwrap();
    assert_eq!(
        writers(&database).await,
        [(Some(pid), None)],
        "one lock a transaction"
    );
    let (held, clock) = time(&database).await;
    assert_eq!(held, idle.max(held), "it never goes back");
    assert!(held < clock);
    let (again, _) = time(&database).await;
    assert_eq!(held, again);
    writer.batch_execute("COMMIT").await.unwrap();
    let written = versions(&database, "Basic", "b").await[0].from;
    assert!(
        written > held,
        "what it wrote is later than every time that was given out"
    );
    let (at, _) = time(&database).await;
    assert!(at >= written - TimeDelta::milliseconds(2) && at > held);
}

#[tokio::test]
async fn a_prepared_transaction_holds_it_back_too() {
    let database = Database::migrated().await;
    let session = database.session().await;
    let gid = format!("held {}", std::process::id());
    session
        .batch_execute(&format!("BEGIN; {ANY}; PREPARE TRANSACTION '{gid}'"))
        .await
        .unwrap();
    let (held, _) = time(&database).await;
    assert_eq!(writers(&database).await, [(None, Some(gid.clone()))]);
    put(&database, r#"{"resourceType":"Basic","id":"other"}"#).await;
    let (again, _) = time(&database).await;
    assert_eq!(held, again);
    session
        .batch_execute(&format!("COMMIT PREPARED '{gid}'"))
        .await
        .unwrap();
    assert!(versions(&database, "Basic", "b").await[0].from > held);
    assert!(time(&database).await.0 > held);
}

#[tokio::test]
async fn a_clock_that_is_set_back_takes_nothing_back() {
    let database = Database::migrated().await;
    put(&database, r#"{"resourceType":"Basic","id":"b"}"#).await;
    let (before, clock) = time(&database).await;
    set_back(&database).await;
    let (after, same) = time(&database).await;
    assert!(after >= before && same == clock, "time stands still");
    for number in 0..3 {
        put(
            &database,
            &format!(r#"{{"resourceType":"Basic","id":"b","x":{number}}}"#),
        )
        .await;
    }
    let all = versions(&database, "Basic", "b").await;
    assert!(all.windows(2).all(|pair| pair[0].from < pair[1].from));
    assert!(
        all[1].from > clock,
        "and new versions are later than what was given out"
    );
    assert!(time(&database).await.0 < all[1].from);
}

#[tokio::test]
async fn who_comes_while_a_kick_off_looks_is_later_than_its_time() {
    let database = Database::migrated().await;
    // A kick-off that stops after it has looked who writes, until it may go on.
    database
        .run(
            "ALTER VIEW resource_writer RENAME TO resource_writer_now;
             CREATE FUNCTION looked() RETURNS SETOF resource_writer_now LANGUAGE plpgsql AS $$
             BEGIN
                 RETURN QUERY SELECT * FROM resource_writer_now;
                 PERFORM pg_advisory_lock(7);
             END $$;
             CREATE VIEW resource_writer AS SELECT * FROM looked()",
        )
        .await;
    let (kick_off, holder) = (database.session().await, database.session().await);
    holder
        .batch_execute("SELECT pg_advisory_lock(7)")
        .await
        .unwrap();
    let (at, ()) = tokio::join!(
        kick_off.query_one("SELECT at FROM resource_transaction_time()", &[]),
        async {
            let waiting =
                "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
            poll("it has looked", secs(10), async || {
                (database.count(waiting, &[]).await == 1).then_some(())
            })
            .await;
            set_back(&database).await;
            put(&database, r#"{"resourceType":"Basic","id":"b"}"#).await;
            holder
                .batch_execute("SELECT pg_advisory_unlock(7)")
                .await
                .unwrap();
        }
    );
    let at: DateTime<Utc> = at.unwrap().get(0);
    assert!(versions(&database, "Basic", "b").await[0].from > at);
}

/// A writer that took its time before it is announced could be overtaken by a kick-off in between: every way of writing
/// is stopped while it takes its time, and must be seen by then.
#[tokio::test]
async fn a_writer_is_announced_before_it_takes_its_time() {
    let database = Database::migrated().await;
    put(&database, r#"{"resourceType":"Basic","id":"old"}"#).await;
    let gate = database.session().await;
    gate.batch_execute("SELECT pg_advisory_lock(4711)")
        .await
        .unwrap();
    // Only a clock that runs on stops here, not the transaction's start, of which the announcement is made.
    database
        .run(
            "CREATE OR REPLACE FUNCTION resource_clock(instant timestamptz) RETURNS timestamptz LANGUAGE plpgsql AS $$
             BEGIN
                 IF current_setting('application_name') = 'stopped' AND instant > now() THEN
                     PERFORM pg_advisory_lock(4711);
                     PERFORM pg_advisory_unlock(4711);
                 END IF;
                 RETURN instant;
             END $$",
        )
        .await;
    let staged = "CREATE TEMP TABLE resource_staged (line bigint, resource_type text, id text, body text);
        INSERT INTO resource_staged VALUES (1, 'Basic', 'n', '{\"resourceType\":\"Basic\",\"id\":\"n\"}');
        SELECT * FROM resource_put_staged()";
    for write in [ANY, "SELECT resource_delete('Basic', 'old')", staged] {
        let writer = database.session().await;
        let pid: i32 = writer
            .query_one("SELECT pg_backend_pid()", &[])
            .await
            .unwrap()
            .get(0);
        let writing = tokio::spawn(async move {
            writer
                .batch_execute(&format!("SET application_name = 'stopped'; {write}"))
                .await
        });
        let stopped =
            "pg_locks WHERE pid = $1 AND locktype = 'advisory' AND objid = 4711 AND NOT granted";
        poll("the writer takes its time", secs(10), async || {
            (database.count(stopped, &[&pid]).await == 1).then_some(())
        })
        .await;
        assert_eq!(writers(&database).await, [(Some(pid), None)], "{write}");
        gate.batch_execute("SELECT pg_advisory_unlock(4711)")
            .await
            .unwrap();
        writing.await.unwrap().unwrap();
        gate.batch_execute("SELECT pg_advisory_lock(4711)")
            .await
            .unwrap();
    }
}
