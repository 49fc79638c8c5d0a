//! Many resources written at once, as a loader does.

use bulk_export_tests::Database;
use tokio_postgres::Client;

use super::{patients, put, refused, versions};

/// A session with its staging table.
async fn loader(database: &Database) -> Client {
    let session = database.session().await;
    let stage = "CREATE TEMP TABLE resource_staged (line bigint, resource_type text, id text, body text) ON COMMIT DELETE ROWS";
    session.batch_execute(stage).await.unwrap();
    session
}

fn observation(id: &str, value: u32) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","subject":{{"reference":"Patient/p{}"}},"valueInteger":{value}}}"#,
        value % 3
    )
}

/// Loads lines of (type, id, body) in one transaction; gives how many were inserted, updated and unchanged.
async fn load(session: &mut Client, lines: &[(&str, &str, String)]) -> (i64, i64, i64) {
    let transaction = session.transaction().await.unwrap();
    for (number, (kind, id, body)) in (1_i64..).zip(lines) {
        transaction
            .execute(
                "INSERT INTO resource_staged VALUES ($1, $2, $3, $4)",
                &[&number, kind, id, body],
            )
            .await
            .unwrap();
    }
    let done = transaction
        .query_one("SELECT * FROM resource_put_staged()", &[])
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    (
        done.get("inserted"),
        done.get("updated"),
        done.get("unchanged"),
    )
}

#[tokio::test]
async fn a_batch_inserts_updates_and_leaves_alone() {
    let database = Database::migrated().await;
    let mut session = loader(&database).await;
    put(&database, &observation("a", 1)).await;
    put(&database, &observation("b", 1)).await;
    database
        .run("SELECT resource_delete('Observation', 'b')")
        .await;
    let patient = r#"{"resourceType":"Patient","id":"p1","meta":{"versionId":"9"}}"#.to_owned();
    let device = "{\r\n\"resourceType\":\"Device\",\"id\":\"d\"}\n".to_owned();
    let lines = [
        ("Observation", "c", observation("c", 1)),
        ("Observation", "a", observation("a", 2)),
        ("Patient", "p1", patient.clone()),
        ("Observation", "b", observation("b", 1)),
        ("Device", "d", device),
    ];
    assert_eq!(load(&mut session, &lines).await, (3, 2, 0));
    assert_eq!(
        load(&mut session, &lines).await,
        (0, 0, 5),
        "again changes nothing"
    );

    let a = versions(&database, "Observation", "a").await;
    assert_eq!(a.len(), 2);
    assert_eq!(a[0].to, Some(a[1].from));
    assert_eq!(versions(&database, "Observation", "b").await.len(), 3);
    let p1 = versions(&database, "Patient", "p1").await.remove(0);
    assert_eq!(p1.body, Some(patient));
    assert_eq!(
        p1.from, a[1].from,
        "a batch has one time, whatever the types"
    );
    let d = versions(&database, "Device", "d").await.remove(0);
    assert!(!d.in_patient_compartment && !d.body.unwrap().contains(['\n', '\r']));
    assert_eq!(patients(&database, "Observation", "a", 1).await, ["p1"]);
    assert_eq!(patients(&database, "Observation", "a", 2).await, ["p2"]);
    assert_eq!(patients(&database, "Patient", "p1", 1).await, ["p1"]);
}

#[tokio::test]
async fn a_batch_and_single_writes_store_the_same() {
    let (one, other) = (Database::migrated().await, Database::migrated().await);
    let mut session = loader(&one).await;
    let bodies: Vec<String> = (0..40).map(|n| observation(&format!("o{n}"), n)).collect();
    let ids: Vec<String> = (0..40).map(|n| format!("o{n}")).collect();
    let lines: Vec<_> = ids
        .iter()
        .zip(&bodies)
        .map(|(id, body)| ("Observation", id.as_str(), body.clone()))
        .collect();
    assert_eq!(load(&mut session, &lines).await, (40, 0, 0));
    for body in &bodies {
        put(&other, body).await;
        assert_eq!(
            put(&one, body).await,
            1,
            "what a batch wrote is the same to a single write"
        );
    }
    assert_eq!(load(&mut loader(&other).await, &lines).await, (0, 0, 40));
    let all = "SELECT concat_ws(' ', resource_type, id, version, deleted, in_patient_compartment,
            regexp_replace(body, '\"lastUpdated\":\"[^\"]*\"', ''),
            (SELECT string_agg(patient_id, ',' ORDER BY patient_id) FROM resource_compartment c
             WHERE (c.resource_type, c.id, c.version) = (v.resource_type, v.id, v.version)))
        FROM resource_version v ORDER BY 1";
    let stored: Vec<String> = one.column(all, &[]).await;
    assert_eq!(stored.len(), 40);
    assert_eq!(stored, other.column::<String>(all, &[]).await);
}

#[tokio::test]
async fn of_several_lines_of_a_resource_the_last_wins() {
    let database = Database::migrated().await;
    let mut session = loader(&database).await;
    put(&database, &observation("a", 1)).await;
    let lines = [
        ("Observation", "a", observation("a", 2)),
        ("Observation", "b", observation("b", 1)),
        ("Observation", "a", observation("a", 1)),
        ("Observation", "b", observation("b", 2)),
    ];
    assert_eq!(
        load(&mut session, &lines).await,
        (1, 0, 1),
        "the last of a is what there is"
    );
    let b = versions(&database, "Observation", "b").await;
    assert_eq!(b.len(), 1);
    assert!(b[0].body.as_ref().unwrap().contains(r#""valueInteger":2"#));
}

#[tokio::test]
async fn a_batch_lies_in_the_order_in_which_it_is_read() {
    let database = Database::migrated().await;
    let mut session = loader(&database).await;
    let ids: Vec<String> = (0..500_u32)
        .map(|n| format!("{:x}", n.wrapping_mul(2_654_435_761)))
        .collect();
    let lines: Vec<_> = ids
        .iter()
        .map(|id| ("Observation", id.as_str(), observation(id, 1)))
        .collect();
    assert_eq!(load(&mut session, &lines).await, (500, 0, 0));
    let read = "SELECT id FROM resource_version WHERE resource_type = 'Observation' ORDER BY";
    let by_index: Vec<String> = database
        .column(&format!("{read} valid_from, id"), &[])
        .await;
    let on_disk: Vec<String> = database.column(&format!("{read} ctid"), &[]).await;
    assert_eq!(by_index, on_disk);
}

#[tokio::test]
async fn a_line_with_a_flaw_stops_the_batch_and_is_named_without_a_word_of_it() {
    let database = Database::migrated().await;
    let session = loader(&database).await;
    let good = observation("a", 1);
    for (body, why) in [
        (
            r#"{"resourceType":"Observation","id":"b","x":"\u0000secret"}"#,
            "it is not JSON that PostgreSQL can hold",
        ),
        (
            "{\"resourceType\":\"Observation\",\"id\":\"b\",\"x\":\"secret\nsecret\"}",
            "it is not JSON that PostgreSQL can hold",
        ),
        (
            r#"{"resourceType":"Observation","id":"secret"}"#,
            "it was staged as another resource",
        ),
        (
            r#"{"resourceType":"Secret","id":"b"}"#,
            "it was staged as another resource",
        ),
        (
            r#"{"resourceType":"Observation"}"#,
            "its id is missing or not 1 to 64 of A-Z, a-z, 0-9, - and .",
        ),
        (
            r#"{"resourceType":"Observation","id":"b","meta":[]}"#,
            "its meta is not an object",
        ),
    ] {
        session.batch_execute("BEGIN").await.unwrap();
        let stage = "INSERT INTO resource_staged VALUES (7, 'Observation', 'a', $1)";
        session.execute(stage, &[&good]).await.unwrap();
        for line in [9_i64, 8] {
            let stage = "INSERT INTO resource_staged VALUES ($1, 'Observation', 'b', $2)";
            session.execute(stage, &[&line, &body]).await.unwrap();
        }
        session.batch_execute("SAVEPOINT staged").await.unwrap();
        let put = "SELECT inserted FROM resource_put_staged() WHERE $1 <> ''";
        let (code, message) = refused(&session, put, "x").await;
        assert_eq!(
            (code.as_str(), message),
            ("22023", format!("resource_put_staged: line 8: {why}")),
            "{body}"
        );

        // What a loader then does: it sets the lines aside and goes on with the rest.
        session.batch_execute("ROLLBACK TO staged").await.unwrap();
        let problems = session
            .query("SELECT line, problem FROM resource_staged_problems()", &[])
            .await
            .unwrap();
        let lines: Vec<(i64, String)> = problems
            .iter()
            .map(|row| (row.get(0), row.get(1)))
            .collect();
        assert_eq!(lines, [(8, why.to_owned()), (9, why.to_owned())]);
        let aside = "DELETE FROM resource_staged s USING resource_staged_problems() p WHERE s.line = p.line";
        assert_eq!(session.execute(aside, &[]).await.unwrap(), 2);
        let done = session
            .query_one("SELECT inserted FROM resource_put_staged()", &[])
            .await
            .unwrap();
        assert_eq!(done.get::<_, i64>(0), 1);
        session.batch_execute("ROLLBACK").await.unwrap();
    }
}
