//! One resource written: its versions, its text, and what is refused.

use bulk_export_tests::Database;
use chrono::SecondsFormat;

use super::{put, refused, versions};

#[tokio::test]
async fn every_change_makes_a_version_and_nothing_else_does() {
    let database = Database::migrated().await;
    let first = r#"{"resourceType":"Patient","id":"ada","active":true}"#;
    let second = r#"{"resourceType":"Patient","id":"ada","active":false}"#;
    assert_eq!(put(&database, first).await, 1);
    assert_eq!(put(&database, first).await, 1, "the same again");
    assert_eq!(put(&database, second).await, 2);
    assert_eq!(put(&database, second).await, 2);
    assert_eq!(put(&database, first).await, 3, "back is a change too");
    let all = versions(&database, "Patient", "ada").await;
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].to, Some(all[1].from), "no gap and no overlap");
    assert_eq!(all[1].to, Some(all[2].from));
    assert_eq!(all[2].to, None);
    assert!(all[0].from < all[1].from && all[1].from < all[2].from);
}

#[tokio::test]
async fn meta_is_spliced_in_after_the_id_and_every_other_byte_is_kept() {
    let database = Database::migrated().await;
    for (given, before, after) in [
        (
            r#"{"resourceType":"Observation","id":"o.1","valueQuantity":{"value":1.50e0}, "z" : "ü\u00fc\/"}"#,
            r#"{"resourceType":"Observation","id":"o.1","#,
            r#","valueQuantity":{"value":1.50e0}, "z" : "ü\u00fc\/"}"#,
        ),
        (
            r#"{"resourceType":"Basic","id":"b"}"#,
            r#"{"resourceType":"Basic","id":"b","#,
            "}",
        ),
        (
            r#"{ "id": "x-1", "resourceType": "List" }"#,
            "{",
            r#", "id": "x-1", "resourceType": "List" }"#,
        ),
        (
            "  {\r\n  \"resourceType\": \"Flag\",\n  \"id\": \"f\"\n}\n",
            "{",
            r#",    "resourceType": "Flag",   "id": "f" }"#,
        ),
    ] {
        assert_eq!(put(&database, given).await, 1, "{given}");
        assert_eq!(put(&database, given).await, 1, "{given}");
        let resource: serde_json::Value = serde_json::from_str(given).unwrap();
        let (kind, id) = (
            resource["resourceType"].as_str().unwrap(),
            resource["id"].as_str().unwrap(),
        );
        let stored = versions(&database, kind, id).await.remove(0);
        let at = stored.from.to_rfc3339_opts(SecondsFormat::Millis, true);
        let meta = format!(r#""meta":{{"versionId":"1","lastUpdated":"{at}"}}"#);
        assert_eq!(stored.body.unwrap(), format!("{before}{meta}{after}"));
    }
}

#[tokio::test]
async fn a_meta_that_is_there_is_left_alone() {
    let database = Database::migrated().await;
    let body = r#"{"resourceType":"Patient","meta":{"versionId":"77","tag":[]},"id":"ada"}"#;
    assert_eq!(put(&database, body).await, 1);
    assert_eq!(put(&database, body).await, 1);
    let stored = versions(&database, "Patient", "ada").await.remove(0);
    assert_eq!(stored.body.as_deref(), Some(body));
}

#[tokio::test]
async fn what_is_no_resource_is_refused_in_words_that_hold_nothing_of_it() {
    let database = Database::migrated().await;
    let session = database.session().await;
    let deep = "[".repeat(100_000);
    let not_json = "it is not JSON that PostgreSQL can hold";
    let no_type = "its resourceType is missing or not a name";
    let no_id = "its id is missing or not 1 to 64 of A-Z, a-z, 0-9, - and .";
    let long = format!(r#"{{"resourceType":"Patient","id":"{}"}}"#, "s".repeat(65));
    for (body, why) in [
        ("", not_json),
        (r#"{"resourceType":"Patient","id":"secret""#, not_json),
        (
            "{\"resourceType\":\"Patient\",\"id\":\"a\",\"x\":\"secret\nsecret\"}",
            not_json,
        ),
        (
            r#"{"resourceType":"Patient","id":"a","x":"\u0000secret"}"#,
            not_json,
        ),
        (
            r#"{"resourceType":"Patient","id":"a","x":"\ud800secret"}"#,
            not_json,
        ),
        (
            r#"{"resourceType":"Patient","id":"a","x":1e999999}"#,
            not_json,
        ),
        (r#"{"resourceType":"Patient","id":"a"} {}"#, not_json),
        (&deep, not_json),
        ("\"secret\"", "it is not a JSON object"),
        (
            r#"[{"resourceType":"Patient","id":"secret"}]"#,
            "it is not a JSON object",
        ),
        (r#"{"id":"secret"}"#, no_type),
        (r#"{"resourceType":["secret"],"id":"a"}"#, no_type),
        (r#"{"resourceType":"sec ret","id":"a"}"#, no_type),
        (r#"{"resourceType":"secret\n","id":"a"}"#, no_type),
        (r#"{"resourceType":"Patient"}"#, no_id),
        (r#"{"resourceType":"Patient","id":7}"#, no_id),
        (r#"{"resourceType":"Patient","id":""}"#, no_id),
        (r#"{"resourceType":"Patient","id":"secret_1"}"#, no_id),
        (r#"{"resourceType":"Patient","id":"secret\n"}"#, no_id),
        (&long, no_id),
        (
            r#"{"resourceType":"Patient","id":"a","meta":null}"#,
            "its meta is not an object",
        ),
        (
            r#"{"resourceType":"Patient","id":"a","meta":"secret"}"#,
            "its meta is not an object",
        ),
    ] {
        let (code, message) = refused(&session, "SELECT resource_put($1)", body).await;
        assert_eq!(
            (code.as_str(), message),
            ("22023", format!("resource_put: {why}")),
            "{body:.80}"
        );
    }
    assert_eq!(database.count("resource_version", &[]).await, 0);
}

#[tokio::test]
async fn a_writer_can_say_which_version_it_means() {
    let database = Database::migrated().await;
    let session = database.session().await;
    let put_if = async |number: i64, version: i64| {
        let body = format!(r#"{{"resourceType":"Patient","id":"ada","x":{number}}}"#);
        let put = "SELECT resource_put($1, $2)";
        match session.query_one(put, &[&body, &version]).await {
            Ok(row) => Ok(row.get::<_, i64>(0)),
            Err(error) => Err(error.code().unwrap().code().to_owned()),
        }
    };
    let other = Err("55000".to_owned());
    assert_eq!(put_if(1, 1).await, other, "there is none yet");
    assert_eq!(put_if(1, 0).await, Ok(1));
    assert_eq!(put_if(2, 0).await, other);
    assert_eq!(put_if(2, 1).await, Ok(2));
    assert_eq!(put_if(3, 1).await, other);
    database
        .run("SELECT resource_delete('Patient', 'ada')")
        .await;
    assert_eq!(
        put_if(3, 3).await,
        other,
        "a tombstone is no version to write to"
    );
    assert_eq!(put_if(3, 0).await, Ok(4));
}

#[tokio::test]
async fn what_is_rolled_back_to_a_savepoint_never_was() {
    let database = Database::migrated().await;
    put(&database, r#"{"resourceType":"Patient","id":"ada"}"#).await;
    let mut session = database.session().await;
    let mut transaction = session.transaction().await.unwrap();
    let savepoint = transaction.savepoint("a").await.unwrap();
    savepoint
        .batch_execute(
            r#"SELECT resource_put('{"resourceType":"Patient","id":"ada","active":true}');
               SELECT resource_put('{"resourceType":"Patient","id":"eve"}');"#,
        )
        .await
        .unwrap();
    savepoint.rollback().await.unwrap();
    transaction
        .batch_execute(
            r#"SELECT resource_put('{"resourceType":"Patient","id":"ada","active":false}')"#,
        )
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let all = versions(&database, "Patient", "ada").await;
    assert_eq!(all.len(), 2);
    assert!(all[1].body.as_ref().unwrap().contains("false"));
    assert_eq!(versions(&database, "Patient", "eve").await, []);
    assert_eq!(database.count("resource_compartment", &[]).await, 2);
}
