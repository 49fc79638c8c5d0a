//! What the tests of webhooks share: a system whose workers may reach this machine, and the operator's commands.

use bulk_export_tests::{Stack, poll, process::Ended, secs, stack::Builder};
use serde_json::Value;

/// Lets workers and the command line reach this machine.
pub const ALLOW: (&str, &str) = ("WEBHOOK_ALLOW_PRIVATE", "yes, this is for development");

/// A registered receiver.
pub struct Hook {
    pub id: String,
    pub secret: String,
}

/// A system whose workers may reach this machine.
pub fn near() -> Builder {
    Stack::builder().common(ALLOW.0, ALLOW.1)
}

/// Registers a receiver for the administrator's jobs.
pub async fn add(stack: &Stack, url: &str, more: &[&str]) -> Hook {
    let mut arguments = vec!["add", "--client", "admin", "--url", url, "--json"];
    arguments.extend(more);
    let told: Value = serde_json::from_str(&done(stack, &arguments).await).unwrap();
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    Hook {
        id: text("webhook"),
        secret: text("secret"),
    }
}

/// Runs `bulk-export webhooks`.
pub async fn run(stack: &Stack, arguments: &[&str]) -> Ended {
    let mut all = vec!["webhooks"];
    all.extend(arguments);
    stack.cli(&all).await
}

/// Runs `bulk-export webhooks`, which must succeed, and gives what it printed.
pub async fn done(stack: &Stack, arguments: &[&str]) -> String {
    let ended = run(stack, arguments).await;
    assert!(ended.status.success(), "{arguments:?}: {}", ended.stderr);
    ended.stdout
}

/// Lists deliveries, newest first.
pub async fn deliveries(stack: &Stack, more: &[&str]) -> Vec<Value> {
    let mut arguments = vec!["deliveries", "--json"];
    arguments.extend(more);
    serde_json::from_str(&done(stack, &arguments).await).unwrap()
}

/// Waits until so many deliveries are in a state, and gives them, newest first.
pub async fn settled(stack: &Stack, state: &str, number: i64) -> Vec<Value> {
    let rows = "bulk_export_deliveries WHERE state = $1 AND lease_until IS NULL";
    poll(&format!("{number} are {state}"), secs(30), async || {
        (stack.database.count(rows, &[&state]).await == number).then_some(())
    })
    .await;
    deliveries(stack, &["--state", state]).await
}

/// Waits until the one delivery was tried so often, and gives it.
pub async fn tried(stack: &Stack, times: i32) -> Value {
    let rows = "bulk_export_deliveries WHERE attempts = $1 AND lease_until IS NULL";
    poll(
        &format!("it was tried {times} times"),
        secs(30),
        async || (stack.database.count(rows, &[&times]).await == 1).then_some(()),
    )
    .await;
    deliveries(stack, &[]).await.remove(0)
}

/// Makes what waits for another attempt due now.
pub async fn due_now(stack: &Stack) {
    let sql = "UPDATE bulk_export_deliveries SET next_at = clock_timestamp() WHERE state = 'due'";
    stack.database.execute(sql, &[]).await;
}
