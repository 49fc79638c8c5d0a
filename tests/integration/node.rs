//! What a worker checks at its start: a node that is private and cuts files as ours, and the tables that it reads.

use bulk_export_tests::{Stack, poll, poll::holds, secs, services::Private};
use serde_json::{Value, json};

/// Changes the configuration of a private node and starts it again.
fn reconfigure(node: &mut Private, change: impl FnOnce(&mut Value)) {
    node.halt();
    let file = std::path::Path::new(node.value("IPFS_REPO")).join("config");
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    change(&mut config);
    std::fs::write(&file, config.to_string()).unwrap();
    node.resume();
}

#[tokio::test]
async fn a_public_node_is_refused_with_every_finding_and_its_fix() {
    let mut stack = Stack::builder().own_kubo().start().await;
    reconfigure(stack.private_kubo.as_mut().unwrap(), |config| {
        config["Bootstrap"] = json!([
            "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"
        ]);
        config["Provide"]["Enabled"] = json!(true);
    });
    let mut worker = stack.spawn_worker(&[]);
    let status = worker.end(secs(20)).await;
    assert!(!status.success());
    let log = worker.log();
    for finding in ["Bootstrap", "Provide.Enabled"] {
        assert!(log.contains(finding), "{finding} is not named in: {log}");
    }
    assert!(
        log.contains("IPFS_ALLOW_PUBLIC_NODE"),
        "the way out is told: {log}"
    );

    let mut worker =
        stack.spawn_worker(&[("IPFS_ALLOW_PUBLIC_NODE", "yes, anyone may read the files")]);
    worker.address().await;
    let running = poll(
        "the worker says that it accepts this node",
        secs(20),
        async || worker.log().contains("Provide.Enabled").then_some(()),
    );
    running.await;
    assert!(
        worker.ended().is_none(),
        "told so in so many words, it starts"
    );
}

#[tokio::test]
async fn a_node_with_another_import_profile_is_refused_whatever_is_allowed() {
    let mut stack = Stack::builder().own_kubo().start().await;
    reconfigure(stack.private_kubo.as_mut().unwrap(), |config| {
        config["Import"]["UnixFSChunker"] = json!("size-262144");
    });
    let mut worker =
        stack.spawn_worker(&[("IPFS_ALLOW_PUBLIC_NODE", "yes, anyone may read the files")]);
    assert!(!worker.end(secs(20)).await.success());
    assert!(
        worker.log().contains("unixfs-v1-2025"),
        "the fix is told: {}",
        worker.log()
    );
}

#[tokio::test]
async fn a_node_that_cannot_be_reached_is_waited_for_and_nothing_is_claimed() {
    let mut stack = Stack::builder().sample(3).own_kubo().start().await;
    stack.private_kubo.as_ref().unwrap().halt();
    let mut worker = stack.spawn_worker(&[]);
    worker.address().await;
    let url = stack.admin().start("").await;
    let claimed = "bulk_export_parts WHERE attempts > 0";
    holds("nothing is claimed", secs(4), async || {
        stack.database.count(claimed, &[]).await == 0
    })
    .await;
    assert!(
        worker.ended().is_none(),
        "the worker waits: {}",
        worker.log()
    );
    stack.private_kubo.as_mut().unwrap().resume();
    stack.workers.push(worker);
    stack.admin().completed(&url).await;
}

#[tokio::test]
async fn a_node_that_goes_away_in_the_middle_costs_no_attempt() {
    let mut stack = Stack::builder().own_kubo().start().await;
    let patient =
        bulk_export_tests::data::patient_with_records(&stack.database, 1000, 10_000).await;
    let gate = bulk_export_tests::Gate::close(&stack.database, "medical_records", 900).await;
    stack.start_worker(&[]).await;
    let client = stack.patient(patient);
    let url = client.start("_type=DocumentReference").await;
    gate.reached().await;
    stack.private_kubo.as_ref().unwrap().halt();
    gate.open().await;
    let back = "bulk_export_parts WHERE kind = 'export' AND handed_back > 0";
    poll("the part is handed back", secs(30), async || {
        (stack.database.count(back, &[]).await == 1).then_some(())
    })
    .await;
    stack.private_kubo.as_mut().unwrap().resume();
    let manifest = client.completed(&url).await;
    assert_eq!(client.lines(&manifest["output"][0]).await.len(), 1000);
    let attempts: Vec<i32> = stack
        .database
        .column(
            "SELECT attempts FROM bulk_export_parts WHERE kind = 'export'",
            &[],
        )
        .await;
    assert_eq!(attempts, [1]);
}

#[tokio::test]
async fn missing_columns_of_the_source_are_listed_and_refused() {
    let stack = Stack::builder().start().await;
    stack
        .database
        .run(
            "ALTER TABLE patients RENAME COLUMN mrn TO other;
         ALTER TABLE medical_records ALTER COLUMN version TYPE text;
         DROP TABLE medical_history",
        )
        .await;
    let mut worker = stack.spawn_worker(&[]);
    assert!(!worker.end(secs(20)).await.success());
    let log = worker.log();
    for finding in [
        "patients.mrn",
        "medical_records.version",
        "medical_history.event_type",
        "medical_history.created_at",
    ] {
        assert!(log.contains(finding), "{finding} is not listed in: {log}");
    }
    assert!(
        !log.contains("patients.first_name"),
        "what is there is not listed: {log}"
    );
}
