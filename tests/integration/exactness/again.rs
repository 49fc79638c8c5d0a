//! A part that is run again gives the same bytes: by another worker, after the first one was killed in the midst of it, and
//! after its rows have been changed, deleted and joined by others.

use bulk_export_tests::{
    Client, Stack,
    client::{FILE_EXTENSION, job_id},
    poll, secs,
};
use serde_json::Value;

/// Some 20 MB in files of 1 MiB: more than what lies in buffers between PostgreSQL and the node.
const RESOURCES: i32 = 10_000;

/// Writes every so manieth of the first so many resources, with other texts each time.
async fn write(stack: &Stack, every: i32, end: i32) {
    let session = stack.database.session().await;
    session
        .batch_execute(&format!(
            r#"CREATE TEMP TABLE resource_staged (line bigint, resource_type text, id text, body text);
               INSERT INTO resource_staged SELECT n, 'Observation', 'o' || n, format(
                   '{{"resourceType":"Observation","id":"o%s","subject":{{"reference":"Patient/p%s"}},"x":"%s"}}',
                   n, n % 100, repeat(md5(random()::text), 60))
               FROM generate_series(0, {end} - 1, {every}) n;
               SELECT resource_put_staged()"#
        ))
        .await
        .unwrap();
}

/// What every file of a manifest holds, one after the other, and what the manifest says of each.
async fn bytes(client: &Client, manifest: &Value) -> (String, Vec<Value>) {
    let (mut bytes, mut facts) = (String::new(), vec![]);
    for item in manifest["output"].as_array().unwrap() {
        bytes += &client.get(item["url"].as_str().unwrap()).await.text();
        facts.push(item["extension"][FILE_EXTENSION].clone());
    }
    (bytes, facts)
}

#[tokio::test]
async fn a_part_run_again_after_its_worker_was_killed_gives_the_same_bytes() {
    let mut stack = Stack::builder()
        .common("FHIR_SOURCE", "store")
        .worker("EXPORT_FILE_BYTES", "1048576")
        .worker("WORKER_PARTS", "1")
        .worker("PART_LEASE", "3s")
        .own_kubo()
        .start()
        .await;
    for end in [RESOURCES / 3, RESOURCES * 2 / 3, RESOURCES] {
        write(&stack, 1, end).await;
    }
    let client = stack.admin();
    let query = "_type=Observation";
    let (killed, whole) = (client.start(query).await, client.start(query).await);
    let same = "UPDATE bulk_export_jobs SET transaction_time = (SELECT max(transaction_time) FROM bulk_export_jobs)";
    assert_eq!(stack.database.execute(same, &[]).await, 2);
    let lines = "SELECT string_agg(body || E'\n', '' ORDER BY valid_from, id) FROM resource_version
        WHERE valid_to IS NULL AND valid_from <= (SELECT max(transaction_time) FROM bulk_export_jobs)";
    let expected: String = stack.database.value(lines, &[]).await;

    let first = stack.start_worker(&[]).await;
    let frozen = stack.private_kubo.as_ref().unwrap().freeze();
    let job = job_id(&killed);
    let half_read = "SELECT rows FROM bulk_export_parts WHERE job_id = $1 AND kind = 'export' AND state = 'running' AND rows > 0";
    let rows = poll("a part has been read in part", secs(30), async || {
        let rows: Vec<i64> = stack.database.column(half_read, &[&job]).await;
        rows.first().copied()
    })
    .await;
    assert!(rows < RESOURCES.into(), "{rows}");
    let planned = "(SELECT DISTINCT job_id FROM bulk_export_parts WHERE kind = 'export') planned";
    assert_eq!(stack.database.count(planned, &[]).await, 2);
    stack.workers[first].crash();
    drop(frozen);

    write(&stack, 2, RESOURCES + 1000).await;
    let _: i64 = stack
        .database
        .value(
            "SELECT count(resource_delete('Observation', 'o' || n)) FROM generate_series(1, 1000, 3) n",
            &[],
        )
        .await;
    let pruned: i64 = stack
        .database
        .value(
            "SELECT resource_prune(now() + interval '1 hour', 100000)",
            &[],
        )
        .await;
    stack.start_worker(&[]).await;
    let killed = bytes(&client, &client.completed(&killed).await).await;
    let whole = bytes(&client, &client.completed(&whole).await).await;
    assert_eq!(killed.1, whole.1, "file by file");
    assert!(killed.0 == expected, "what was there at T, byte by byte");
    assert!(killed.1.len() > 15 && pruned > 0);
    let again = "bulk_export_parts WHERE job_id = $1 AND kind = 'export' AND attempts = 2";
    assert_eq!(stack.database.count(again, &[&job]).await, 1);
}
