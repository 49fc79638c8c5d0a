//! Nobody waits: no writer for a kick-off, and no kick-off for a writer. A barrier that both pass, which would be exact too,
//! shows what this looks like where it is not so.

use std::time::Duration;

use bulk_export_tests::{Database, Stack, poll::holds, secs};
use futures::future::join_all;
use tokio::time::timeout;

use super::WRITERS;

/// The name of the product's own sessions.
pub(super) const OURS: &str = "fhir-bulk-export";

/// Who has not gone on after so long waits for somebody.
const PATIENCE: Duration = secs(5);

/// Looks again and again, for so long, whether a writer waits for one of our sessions; gives how often one did. Kick-offs
/// may wait for each other.
pub(super) async fn writers_that_wait(database: &Database, during: Duration) -> usize {
    let session = database.session().await;
    let sql = "SELECT count(*) FROM pg_stat_activity w WHERE w.datname = current_database() AND w.wait_event_type = 'Lock'
        AND w.application_name <> $1 AND EXISTS (
            SELECT FROM pg_stat_activity k WHERE k.application_name = $1 AND k.pid = ANY (pg_blocking_pids(w.pid)))";
    let waiting = session.prepare(sql).await.unwrap();
    let mut seen = 0;
    holds("PostgreSQL tells who waits", during, async || {
        let row = session.query_one(&waiting, &[&OURS]).await;
        seen += usize::from(row.as_ref().is_ok_and(|row| row.get::<_, i64>(0) > 0));
        row.is_ok()
    })
    .await;
    seen
}

/// Makes the store's time a barrier: a kick-off waits until all open writers have ended, and new ones wait for it.
pub(super) async fn barrier(database: &Database) {
    database
        .run(
            "ALTER FUNCTION resource_announce() RENAME TO announce;
             CREATE FUNCTION resource_announce() RETURNS void LANGUAGE sql
             AS 'SELECT pg_advisory_xact_lock_shared(4711, 0); SELECT announce()';
             ALTER FUNCTION resource_transaction_time() RENAME TO transaction_time;
             CREATE FUNCTION resource_transaction_time(OUT at timestamptz, OUT clock timestamptz) RETURNS SETOF record LANGUAGE sql
             AS 'SELECT pg_advisory_xact_lock(4711, 0); SELECT * FROM transaction_time()'",
        )
        .await;
}

/// A system over an empty store.
pub(super) async fn stack() -> Stack {
    Stack::builder()
        .common("FHIR_SOURCE", "store")
        .start()
        .await
}

/// Lets 16 transactions stand open that have written, and kicks off over HTTP; then lets a kick-off stand open, and 16
/// transactions write and commit. Says whether the kick-off had to wait, and whether the writers had to.
async fn waits(stack: &Stack) -> (bool, bool) {
    let database = &stack.database;
    let writers = join_all((0..WRITERS).map(|_| database.session())).await;
    let write = async |ends: &str| {
        let writes = writers.iter().enumerate().map(|(number, writer)| {
            let id = format!("r{number}");
            let transaction = format!(
                r#"BEGIN; SELECT resource_put('{{"resourceType":"Basic","id":"{id}","x":' || random() || '}}');
                   SELECT resource_delete('Basic', '{id}'); {ends}"#
            );
            async move { writer.batch_execute(&transaction).await }
        });
        join_all(writes).await.into_iter().for_each(Result::unwrap);
    };
    write("").await;
    let kick_off = timeout(PATIENCE, stack.admin().start("")).await.is_err();
    join_all(writers.iter().map(|writer| writer.batch_execute("COMMIT"))).await;

    let kicking_off = database.session().await;
    kicking_off
        .batch_execute("BEGIN; SELECT resource_transaction_time()")
        .await
        .unwrap();
    let writing = timeout(PATIENCE, write("COMMIT")).await.is_err();
    kicking_off.batch_execute("COMMIT").await.unwrap();
    (kick_off, writing)
}

#[tokio::test]
async fn a_kick_off_and_a_writer_never_wait_for_each_other() {
    assert_eq!(waits(&stack().await).await, (false, false));
}

#[tokio::test]
async fn behind_a_barrier_both_wait() {
    let stack = stack().await;
    barrier(&stack.database).await;
    assert_eq!(waits(&stack).await, (true, true));
}
