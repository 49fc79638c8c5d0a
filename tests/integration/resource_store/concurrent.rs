//! Writers that meet at one resource.

use bulk_export_tests::{Database, poll, secs};
use futures::future::join_all;
use tokio_postgres::types::ToSql;

use super::{put, versions};

const PUT: &str = "SELECT resource_put($1)";

fn body(number: usize) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"o","subject":{{"reference":"Patient/p"}},"x":{number}}}"#
    )
}

async fn chain_is_whole(database: &Database, id: &str, length: usize) {
    let all = versions(database, "Observation", id).await;
    let numbers: Vec<i64> = all.iter().map(|one| one.version).collect();
    assert_eq!(numbers, (1..).take(length).collect::<Vec<i64>>());
    for pair in all.windows(2) {
        assert_eq!(pair[0].to, Some(pair[1].from), "{pair:?}");
    }
    assert_eq!(all.last().unwrap().to, None);
}

#[tokio::test]
async fn the_same_new_resource_of_many_writers_becomes_one_chain() {
    let database = Database::migrated().await;
    let sessions = join_all((0..12).map(|_| database.session())).await;
    for round in 0..20 {
        let write = sessions
            .iter()
            .enumerate()
            .map(|(number, session)| async move {
                let body = body(number).replace(r#""o""#, &format!(r#""o{round}""#));
                session
                    .query_one(PUT, &[&body])
                    .await
                    .unwrap()
                    .get::<_, i64>(0)
            });
        let mut numbers = join_all(write).await;
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=12).collect::<Vec<i64>>());
        chain_is_whole(&database, &format!("o{round}"), 12).await;
    }
}

#[tokio::test]
async fn who_waited_for_a_writer_goes_on_from_what_that_one_left() {
    let database = Database::migrated().await;
    let (first, second, third) = (
        database.session().await,
        database.session().await,
        database.session().await,
    );
    let stage =
        format!(
        "CREATE TEMP TABLE resource_staged (line bigint, resource_type text, id text, body text);
         INSERT INTO resource_staged VALUES (1, 'Observation', 'o', '{}')", body(99));
    third.batch_execute(&stage).await.unwrap();
    let waiting =
        "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for (round, end) in ["COMMIT", "ROLLBACK", "COMMIT"].into_iter().enumerate() {
        let before = versions(&database, "Observation", "o").await.len();
        first.batch_execute("BEGIN").await.unwrap();
        first.query_one(PUT, &[&body(10 * round)]).await.unwrap();
        let later = body(10 * round + 1);
        let write: [&(dyn ToSql + Sync); 1] = [&later];
        let (put, batch, ()) = tokio::join!(
            second.query_one(PUT, &write),
            third.query_one("SELECT inserted + updated FROM resource_put_staged()", &[]),
            async {
                poll("both wait", secs(10), async || {
                    (database.count(waiting, &[]).await == 2).then_some(())
                })
                .await;
                first.batch_execute(end).await.unwrap();
            }
        );
        put.unwrap();
        assert_eq!(batch.unwrap().get::<_, i64>(0), 1);
        let written = if end == "COMMIT" { 3 } else { 2 };
        chain_is_whole(&database, "o", before + written).await;
        let again = format!(
            "INSERT INTO resource_staged VALUES (1, 'Observation', 'o', '{}')",
            body(100 + round)
        );
        third.batch_execute(&again).await.unwrap();
    }
}

#[tokio::test]
async fn a_delete_that_waited_for_a_new_version_deletes_that_one() {
    let database = Database::migrated().await;
    put(&database, &body(1)).await;
    let (first, second) = (database.session().await, database.session().await);
    first.batch_execute("BEGIN").await.unwrap();
    first.query_one(PUT, &[&body(2)]).await.unwrap();
    let waiting =
        "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let (deleted, ()) = tokio::join!(
        second.query_one("SELECT resource_delete('Observation', 'o')", &[]),
        async {
            poll("it waits", secs(10), async || {
                (database.count(waiting, &[]).await == 1).then_some(())
            })
            .await;
            first.batch_execute("COMMIT").await.unwrap();
        }
    );
    assert_eq!(deleted.unwrap().get::<_, i64>(0), 3);
    chain_is_whole(&database, "o", 3).await;
    let body: Option<String> = versions(&database, "Observation", "o")
        .await
        .pop()
        .unwrap()
        .body;
    assert_eq!(body, None);
}

#[tokio::test]
async fn two_batches_of_the_same_resources_never_lock_each_other_out() {
    let database = Database::migrated().await;
    let sessions = join_all((0..4).map(|_| database.session())).await;
    let load = sessions.iter().enumerate().map(|(number, session)| async move {
        let table = "CREATE TEMP TABLE resource_staged (line bigint, resource_type text, id text, body text)";
        session.batch_execute(table).await.unwrap();
        let mut written = 0;
        for round in 0..10 {
            // Each in an order of its own.
            let stage = format!(
                "TRUNCATE resource_staged;
                 INSERT INTO resource_staged SELECT n, 'Observation', 'o' || n % 50,
                    '{{\"resourceType\":\"Observation\",\"id\":\"o' || n % 50 || '\",\"x\":{round},\"y\":{number}}}'
                 FROM generate_series(1, 50) n ORDER BY hashint4(n + {number})"
            );
            session.batch_execute(&stage).await.unwrap();
            let done = session.query_one("SELECT inserted + updated FROM resource_put_staged()", &[]).await;
            written += done.unwrap().get::<_, i64>(0);
        }
        written
    });
    let written: i64 = join_all(load).await.into_iter().sum();
    assert_eq!(written, 4 * 10 * 50);
    for id in 0..50 {
        chain_is_whole(&database, &format!("o{id}"), 40).await;
    }
}
