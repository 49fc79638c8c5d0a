//! Exports from the resource store: what was valid at `transactionTime`, whatever happened since, and nobody else's.

use std::collections::BTreeMap;

use bulk_export_tests::{
    Client, Stack,
    client::{accepted, job_id},
    poll, secs,
};
use serde_json::{Value, json};

/// Starts an API, and so many workers, over an empty store.
async fn stack(workers: u32) -> Stack {
    Stack::builder()
        .common("FHIR_SOURCE", "store")
        .worker("EXPORT_FILE_BYTES", "1048576")
        .workers(workers)
        .start()
        .await
}

async fn put(stack: &Stack, resource: &Value) -> i64 {
    let sql = "SELECT resource_put($1)";
    stack.database.value(sql, &[&resource.to_string()]).await
}

async fn delete(stack: &Stack, resource_type: &str, id: &str) {
    let sql = "SELECT resource_delete($1, $2)";
    let _: i64 = stack.database.value(sql, &[&resource_type, &id]).await;
}

/// Waits until the store's transactionTime has passed what was written: it stays a millisecond or two behind the clock.
async fn settled(stack: &Stack) {
    let sql = "SELECT (SELECT at FROM resource_transaction_time()) >= max(valid_from) FROM resource_version";
    poll(
        "transactionTime has passed what was written",
        secs(10),
        async || stack.database.value::<bool>(sql, &[]).await.then_some(()),
    )
    .await;
}

fn observation(id: &str, patient: &str, value: i64) -> Value {
    json!({
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"text": "a"},
        "subject": {"reference": format!("Patient/{patient}")},
        "valueInteger": value,
    })
}

/// Gives what an export holds: type and id, and the observation's value.
async fn contents(client: &Client, manifest: &Value) -> BTreeMap<String, i64> {
    let mut contents = BTreeMap::new();
    for (resource_type, resources) in client.output(manifest).await {
        for resource in resources {
            assert_eq!(resource["resourceType"], resource_type.as_str());
            assert!(resource["meta"]["lastUpdated"].is_string(), "{resource}");
            let name = format!("{resource_type}/{}", resource["id"].as_str().unwrap());
            let value = resource["valueInteger"].as_i64().unwrap_or(0);
            assert_eq!(
                contents.insert(name.clone(), value),
                None,
                "{name} stands twice"
            );
        }
    }
    contents
}

fn expected(of: &[(&str, i64)]) -> BTreeMap<String, i64> {
    of.iter()
        .map(|(name, value)| ((*name).to_owned(), *value))
        .collect()
}

#[tokio::test]
async fn what_changed_after_the_kick_off_is_in_the_next_export() {
    let mut stack = stack(0).await;
    put(&stack, &json!({"resourceType": "Patient", "id": "p1"})).await;
    put(&stack, &observation("kept", "p1", 1)).await;
    put(&stack, &observation("updated", "p1", 1)).await;
    put(&stack, &observation("deleted", "p1", 1)).await;
    put(&stack, &json!({"resourceType": "Organization", "id": "o1"})).await;
    let admin = stack.admin();
    settled(&stack).await;
    let url = admin.start("").await;
    put(&stack, &observation("updated", "p1", 2)).await;
    put(&stack, &observation("new", "p1", 2)).await;
    delete(&stack, "Observation", "deleted").await;
    settled(&stack).await;
    stack.start_worker(&[]).await;
    let manifest = admin.completed(&url).await;
    let first = contents(&admin, &manifest).await;
    let then = [
        ("Patient/p1", 0),
        ("Observation/kept", 1),
        ("Observation/updated", 1),
        ("Observation/deleted", 1),
    ];
    assert_eq!(first, expected(&then));
    let since = manifest["transactionTime"].as_str().unwrap();
    let manifest = admin.export(&format!("_since={since}")).await;
    let changed = [("Observation/updated", 2), ("Observation/new", 2)];
    assert_eq!(contents(&admin, &manifest).await, expected(&changed));
}

#[tokio::test]
async fn two_jobs_of_one_time_hold_the_same_files() {
    let mut stack = stack(0).await;
    for number in 0..50 {
        put(&stack, &observation(&format!("o{number}"), "p1", number)).await;
    }
    let admin = stack.admin();
    settled(&stack).await;
    let first = admin.start("_type=Observation").await;
    for number in 0..25 {
        put(
            &stack,
            &observation(&format!("o{number}"), "p1", number + 100),
        )
        .await;
    }
    let second = admin.start("_type=Observation").await;
    let same = "UPDATE bulk_export_jobs SET transaction_time = (SELECT transaction_time FROM bulk_export_jobs WHERE id = $1) WHERE id = $2";
    assert_eq!(
        stack
            .database
            .execute(same, &[&job_id(&first), &job_id(&second)])
            .await,
        1
    );
    stack.start_worker(&[]).await;
    let cids = |manifest: &Value| -> Vec<String> {
        let output = manifest["output"].as_array().unwrap().iter();
        output.map(|item| item["extension"].to_string()).collect()
    };
    let (first, second) = (
        admin.completed(&first).await,
        admin.completed(&second).await,
    );
    assert_eq!(cids(&first), cids(&second));
    let found = contents(&admin, &second).await;
    assert_eq!(found.len(), 50);
    assert!(
        found.values().all(|value| *value < 50),
        "a later version was exported"
    );
}

#[tokio::test]
async fn a_patient_gets_her_own_compartment_and_an_administrator_all_of_them() {
    let stack = stack(1).await;
    for patient in ["p1", "p2"] {
        put(&stack, &json!({"resourceType": "Patient", "id": patient})).await;
        put(&stack, &observation(&format!("of-{patient}"), patient, 1)).await;
    }
    let both = json!({
        "resourceType": "Group", "id": "both", "type": "person", "actual": true,
        "member": [{"entity": {"reference": "Patient/p1"}}, {"entity": {"reference": "Patient/p2"}}],
    });
    put(&stack, &both).await;
    put(&stack, &json!({"resourceType": "Flag", "id": "elsewhere", "status": "active", "code": {"text": "a"},
        "subject": {"reference": "https://other.example/Patient/p1"}})).await;
    settled(&stack).await;
    let hers = stack.patient("p1");
    let manifest = hers.export("").await;
    let own = [
        ("Patient/p1", 0),
        ("Observation/of-p1", 1),
        ("Group/both", 0),
    ];
    assert_eq!(contents(&hers, &manifest).await, expected(&own));
    // She is no longer in it: the version that is valid is what counts.
    let without = json!({"resourceType": "Group", "id": "both", "type": "person", "actual": true,
        "member": [{"entity": {"reference": "Patient/p2"}}]});
    put(&stack, &without).await;
    settled(&stack).await;
    let manifest = hers.export("").await;
    assert_eq!(contents(&hers, &manifest).await, expected(&own[..2]));
    let manifest = stack.admin().export("").await;
    let all = contents(&stack.admin(), &manifest).await;
    assert_eq!(all.len(), 5, "{all:?}");
    let nobody = stack.patient("p3").export("").await;
    assert_eq!(nobody["output"], json!([]));
}

#[tokio::test]
async fn a_broken_row_is_told_in_the_error_file_and_holds_up_nobody() {
    let stack = stack(1).await;
    for number in 0..3 {
        put(&stack, &observation(&format!("o{number}"), "p1", number)).await;
    }
    let spoil = r#"UPDATE resource_version SET body = replace(body, '"id":"o1"', '"id":"o7"') WHERE id = 'o1'"#;
    assert_eq!(stack.database.execute(spoil, &[]).await, 1);
    let admin = stack.admin();
    let manifest = admin.export("_type=Observation").await;
    let found = contents(&admin, &manifest).await;
    assert_eq!(
        found,
        expected(&[("Observation/o0", 0), ("Observation/o2", 2)])
    );
    let outcomes = admin.outcomes(&manifest).await;
    assert_eq!(outcomes.len(), 1);
    let text = outcomes[0]["issue"][0]["details"]["text"].as_str().unwrap();
    assert!(
        text.contains("Observation/o1") && text.contains("another id"),
        "{text}"
    );
}

#[tokio::test]
async fn types_come_from_the_sources_that_are_named_for_them() {
    let stack = Stack::builder()
        .common("FHIR_SOURCE", "clinical,Observation=store")
        .sample(5)
        .workers(1)
        .start()
        .await;
    put(
        &stack,
        &json!({"resourceType": "Patient", "id": "not-this-one"}),
    )
    .await;
    put(&stack, &observation("o1", "p1", 1)).await;
    let admin = stack.admin();
    settled(&stack).await;
    let manifest = admin.export("_type=Patient,Observation").await;
    let found = contents(&admin, &manifest).await;
    assert_eq!(found.len(), 6, "{found:?}");
    assert!(found.contains_key("Observation/o1") && !found.contains_key("Patient/not-this-one"));
    let unknown = admin
        .kick_off("_type=Condition")
        .await
        .outcome(400, "not-supported");
    assert!(
        unknown["details"]["text"]
            .as_str()
            .unwrap()
            .contains("does not export"),
        "{unknown}"
    );
    let other = admin
        .kick_off("_type=Organization")
        .await
        .outcome(400, "not-supported");
    assert!(
        other["details"]["text"]
            .as_str()
            .unwrap()
            .contains("compartment"),
        "{other}"
    );
    let prefer = "respond-async, handling=lenient";
    let reply = admin
        .kick_off_preferring("_type=Observation,Organization", prefer)
        .await;
    let manifest = admin.completed(&accepted(&reply)).await;
    assert_eq!(admin.outcomes(&manifest).await.len(), 1);
}

#[tokio::test]
async fn a_large_type_is_cut_into_even_files() {
    let stack = stack(1).await;
    // Ten megabytes, written over an hour; every third was superseded.
    stack
        .database
        .run(
            r#"INSERT INTO resource_version (resource_type, id, version, valid_from, in_patient_compartment, body)
               SELECT 'Observation', 'o' || n, 1, now() - interval '2 hours' + n * interval '0.3 s', true,
                      format('{"resourceType":"Observation","id":"o%s","meta":{"lastUpdated":"2026-01-01T00:00:00Z"},"x":"%s"}', n, repeat('x', 900))
               FROM generate_series(1, 12000) n;
               UPDATE resource_version SET valid_to = now() - interval '30 minutes' WHERE right(id, 1) IN ('0', '3', '6');
               ANALYZE resource_version"#,
        )
        .await;
    let admin = stack.admin();
    let manifest = admin.export("_type=Observation").await;
    let output = manifest["output"].as_array().unwrap();
    let sizes: Vec<u64> = output
        .iter()
        .map(|item| {
            item["extension"]["https://fhir-bulk-export.org/extension/file"]["size"]
                .as_u64()
                .unwrap()
        })
        .collect();
    let counts: u64 = output
        .iter()
        .map(|item| item["count"].as_u64().unwrap())
        .sum();
    assert_eq!(counts, 8_400);
    assert!(sizes.len() >= 12, "{sizes:?}");
    let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
    assert!(*most <= 2 * least, "even within a factor of two: {sizes:?}");
}

#[tokio::test]
async fn a_type_that_was_loaded_in_a_few_batches_is_cut_too() {
    let stack = stack(1).await;
    // Ten batches of one megabyte, each with one time: the statistics hold common values and no histogram.
    stack
        .database
        .run(
            r#"INSERT INTO resource_version (resource_type, id, version, valid_from, in_patient_compartment, body)
               SELECT 'Observation', 'o' || n, 1, now() - interval '2 hours' + (n / 1000) * interval '1 s', true,
                      format('{"resourceType":"Observation","id":"o%s","meta":{"lastUpdated":"2026-01-01T00:00:00Z"},"x":"%s"}', n, repeat('x', 940))
               FROM generate_series(0, 9999) n;
               ANALYZE resource_version"#,
        )
        .await;
    let admin = stack.admin();
    let manifest = admin.export("_type=Observation").await;
    let output = manifest["output"].as_array().unwrap();
    let counts: Vec<u64> = output
        .iter()
        .map(|item| item["count"].as_u64().unwrap())
        .collect();
    assert_eq!(counts.iter().sum::<u64>(), 10_000);
    let parts = "bulk_export_parts WHERE kind = 'export'";
    assert!(
        stack.database.count(parts, &[]).await >= 8,
        "one part a batch or so: {counts:?}"
    );
}

#[tokio::test]
async fn the_sweep_prunes_versions_that_nobody_reads_any_more() {
    let mut stack = stack(0).await;
    for value in 0..3 {
        put(&stack, &observation("o1", "p1", value)).await;
    }
    let age = "UPDATE resource_version SET valid_from = valid_from - interval '2 hours', valid_to = valid_to - interval '2 hours'";
    assert_eq!(stack.database.execute(age, &[]).await, 3);
    settled(&stack).await;
    // One job still reads what was valid between the first and the second version's end.
    let admin = stack.admin();
    let url = admin.start("_type=Observation").await;
    let back = "UPDATE bulk_export_jobs SET transaction_time = (SELECT valid_from FROM resource_version WHERE version = 2)";
    assert_eq!(stack.database.execute(back, &[]).await, 1);
    stack
        .start_worker(&[("SWEEP_INTERVAL", "1s"), ("PART_LEASE", "2s")])
        .await;
    let manifest = admin.completed(&url).await;
    assert_eq!(
        contents(&admin, &manifest).await,
        expected(&[("Observation/o1", 1)])
    );
    poll("the old versions are gone", secs(20), async || {
        (stack.database.count("resource_version", &[]).await == 1).then_some(())
    })
    .await;
    assert_eq!(stack.database.count("resource_compartment", &[]).await, 1);
}

#[tokio::test]
async fn versions_stay_while_another_source_holds_transaction_time_back() {
    // A job that reads the relation too is given a time four hours ago.
    let mut stack = Stack::builder()
        .common("FHIR_SOURCE", "store,Task=public.tasks")
        .common("EXPORT_SOURCE_LAG", "4h")
        .start()
        .await;
    stack
        .database
        .run(
            "CREATE VIEW tasks AS SELECT 'Task'::text AS resource_type, 1::bigint AS key, 't'::text AS id, NULL::text AS version,
                 now() AS last_updated, true AS in_patient_compartment, '{}'::text AS body WHERE false;
             CREATE VIEW tasks_membership AS SELECT 'p'::text AS patient_id, 'Task'::text AS resource_type, 1::bigint AS key WHERE false",
        )
        .await;
    for value in 0..3 {
        put(&stack, &observation("o1", "p1", value)).await;
    }
    stack
        .database
        .run(
            "UPDATE resource_version SET valid_from = now() - interval '10 hours', valid_to = now() - interval '6 hours' WHERE version = 1;
             UPDATE resource_version SET valid_from = now() - interval '6 hours', valid_to = now() - interval '90 minutes' WHERE version = 2",
        )
        .await;
    stack.start_worker(&[("SWEEP_INTERVAL", "1s")]).await;
    poll("what ended six hours ago is gone", secs(20), async || {
        let first = "resource_version WHERE version = 1";
        (stack.database.count(first, &[]).await == 0).then_some(())
    })
    .await;
    let admin = stack.admin();
    let manifest = admin.export("_type=Observation,Task").await;
    assert_eq!(
        contents(&admin, &manifest).await,
        expected(&[("Observation/o1", 1)])
    );
}
