//! `bulk-export audit`: who did what, in clear, by filters and pages.

use bulk_export_tests::{Stack, client::job_id};
use serde_json::Value;
use uuid::Uuid;

async fn json(stack: &Stack, arguments: &[&str]) -> Vec<Value> {
    let all: Vec<&str> = ["audit", "--json"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    let ended = stack.cli(&all).await;
    assert!(ended.status.success(), "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).expect("an array")
}

fn actions(lines: &[Value]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line["action"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_kick_off_a_download_a_denial_a_cancel_and_an_expiry_are_told_with_who_did_them() {
    let stack = Stack::builder()
        .sample(2)
        .workers(1)
        .own_kubo()
        .worker("SWEEP_INTERVAL", "1s")
        .worker("EXPORT_GRACE", "0s")
        .start()
        .await;
    let ids: Vec<Uuid> = stack
        .database
        .column("SELECT id FROM patients ORDER BY id", &[])
        .await;
    let (hers, others) = (stack.patient(ids[0]), stack.patient(ids[1]));
    let url = hers.start("_type=Patient").await;
    let manifest = hers.completed(&url).await;
    hers.output(&manifest).await;
    others.get(&url).await.outcome(404, "not-found");
    let job = job_id(&url).to_string();
    let lines = json(&stack, &["--job", &job]).await;
    assert_eq!(
        actions(&lines),
        ["deny", "download", "complete", "kick_off"]
    );
    let (first, second) = (ids[0].to_string(), ids[1].to_string());
    assert_eq!(
        (&lines[3]["who"], &lines[3]["patient"]),
        (&Value::from(&*first), &Value::from(&*first))
    );
    assert_eq!(lines[0]["who"], *second);
    assert_eq!(lines[0]["outcome"], "not the owner");

    let denials = json(&stack, &["--action", "deny", "--who", &second]).await;
    assert_eq!(actions(&denials), ["deny"]);
    assert_eq!(
        json(&stack, &["--patient", &second]).await,
        Vec::<Value>::new()
    );
    let page = json(&stack, &["--job", &job, "--limit", "2"]).await;
    let last = page[1]["number"].to_string();
    let next = json(&stack, &["--job", &job, "--limit", "2", "--before", &last]).await;
    assert_eq!(actions(&next), ["complete", "kick_off"]);
    assert_eq!(
        json(&stack, &["--until", "2020-01-01T00:00:00Z"]).await,
        Vec::<Value>::new()
    );

    hers.delete(&url).await;
    stack
        .database
        .run("UPDATE bulk_export_jobs SET expires_at = clock_timestamp() - interval '1 s'")
        .await;
    let swept = bulk_export_tests::poll(
        "the job is swept",
        bulk_export_tests::secs(30),
        async || {
            // The job is gone, and its audit stays.
            let lines = json(&stack, &["--job", &job]).await;
            (actions(&lines)[..2] == ["expire", "cancel"]).then_some(lines)
        },
    )
    .await;
    assert_eq!(swept.len(), 6);
    let table = stack.cli(&["audit"]).await;
    assert!(
        table.stdout.lines().all(|line| line.chars().count() <= 100),
        "{}",
        table.stdout
    );
    assert!(table.stdout.contains("kick_off"), "{}", table.stdout);

    let wrong = stack.cli(&["audit", "--action", "fly"]).await;
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        wrong.stderr.contains("kick_off, download"),
        "{}",
        wrong.stderr
    );
}
