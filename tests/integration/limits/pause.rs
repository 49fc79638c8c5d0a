//! The operator's switch: while it is on, no export starts anywhere, and those that were accepted go on.

use bulk_export_store::{Config, Store, operator::Person};
use bulk_export_tests::{Gate, Stack, data};

const BY: &str = "cli:operator";

fn by(id: &str) -> Person {
    Person::new(id)
}

/// Opens the store as the operator's commands do.
fn store(stack: &Stack) -> Store {
    Store::new(&Config {
        url: stack.database.url.clone().into(),
        connections: 2,
        ttl: std::time::Duration::from_hours(1),
    })
}

#[tokio::test]
async fn kick_offs_are_refused_while_what_runs_goes_on() {
    let mut stack = Stack::builder().start().await;
    let patient = data::patient_with_records(&stack.database, 500, 1000).await;
    let gate = Gate::close(&stack.database, "medical_records", 400).await;
    stack.start_worker(&[]).await;
    let (client, store) = (stack.patient(patient), store(&stack));
    let running = client.start("_type=DocumentReference").await;
    gate.reached().await;

    let why = Some("the platform's storage is exchanged".to_owned());
    assert!(store.pause(by(BY), why.clone()).await.unwrap());
    let refused = client.kick_off("").await;
    let issue = refused.outcome(503, "transient");
    assert_eq!(refused.header("retry-after"), Some("60"));
    let text = issue["details"]["text"].as_str().unwrap();
    assert!(
        text.contains("operator") && text.contains("paused"),
        "{text}"
    );
    assert!(
        !refused.text().contains("storage"),
        "the reason is not for clients: {text}"
    );
    assert_eq!(stack.database.count("bulk_export_jobs", &[]).await, 1);

    gate.open().await;
    let manifest = client.completed(&running).await;
    assert_eq!(client.lines(&manifest["output"][0]).await.len(), 500);

    let pause = store.paused().await.unwrap().unwrap();
    assert_eq!((pause.by.reveal(), pause.reason), (BY, why));
    assert!(store.resume(by(BY)).await.unwrap());
    assert_eq!(store.paused().await.unwrap(), None);
    client.export("_type=Patient").await;
}

#[tokio::test]
async fn the_switch_is_audited_once_each_time_it_moves() {
    let stack = Stack::builder().start().await;
    let store = store(&stack);
    let first = store.pause(by(BY), None).await.unwrap();
    let again = store
        .pause(by("cli:other"), Some("mine".to_owned()))
        .await
        .unwrap();
    assert!(first && !again);
    let pause = store.paused().await.unwrap().unwrap();
    assert_eq!(
        (pause.by.reveal(), pause.reason),
        (BY, None),
        "the first pause stands"
    );
    let on = store.resume(by(BY)).await.unwrap();
    let again = store.resume(by("cli:other")).await.unwrap();
    assert!(on && !again);
    let entries: Vec<String> = stack
        .database
        .column(
            "SELECT action || ' ' || requester_id FROM bulk_export_audit ORDER BY id",
            &[],
        )
        .await;
    assert_eq!(entries, [format!("pause {BY}"), format!("resume {BY}")]);
}
