//! The operator's commands: who is told, with which secret, and what the audit says of it.

use bulk_export_tests::{Stack, receiver::Receiver};
use serde_json::{Value, json};

use super::world::{add, deliveries, done, near, run, settled};

async fn cancel_one(stack: &Stack) {
    let admin = stack.admin();
    let url = admin.start("_type=Patient").await;
    assert_eq!(admin.delete(&url).await.status, 202);
}

#[tokio::test]
async fn a_secret_is_replaced_without_a_delivery_that_nobody_can_check() {
    let stack = near().workers(1).start().await;
    let receiver = Receiver::plain().await;
    let hook = add(&stack, &receiver.url, &["--event", "cancelled"]).await;
    let rotated = run(&stack, &["rotate", &hook.id]).await;
    assert!(rotated.status.success(), "{}", rotated.stderr);
    let new = rotated.stdout.trim().to_owned();
    assert!(new.starts_with("whsec_") && new != hook.secret, "{new}");
    cancel_one(&stack).await;
    let both = receiver.received_at_least(1).await.remove(0);
    assert!(both.is_signed_with(&hook.secret) && both.is_signed_with(&new));

    let again = run(&stack, &["rotate", &hook.id]).await;
    assert_eq!(again.status.code(), Some(1));
    assert!(again.stderr.contains("--finish"), "{}", again.stderr);
    done(&stack, &["rotate", "--finish", &hook.id]).await;
    cancel_one(&stack).await;
    let one = receiver.received_at_least(2).await.remove(1);
    assert!(one.is_signed_with(&new) && !one.is_signed_with(&hook.secret));
    let finished = done(&stack, &["rotate", "--finish", &hook.id]).await;
    assert!(finished.contains("nothing to do"), "{finished}");

    settled(&stack, "delivered", 2).await;
    let audit: String = stack
        .database
        .value(
            "SELECT string_agg(to_jsonb(a)::text, ' ') FROM bulk_export_audit a",
            &[],
        )
        .await;
    let listed = done(&stack, &["list", "--json"]).await;
    for text in [audit, listed, stack.logs()] {
        assert!(
            !text.contains(&hook.secret) && !text.contains(&new),
            "{text}"
        );
        assert!(!text.contains("whsec_"), "{text}");
    }
}

#[tokio::test]
async fn every_change_is_audited_with_who_made_it() {
    let stack = near().start().await;
    let hook = add(
        &stack,
        "http://localhost:9/a?b=canary",
        &["--event", "failed", "--event", "completed"],
    )
    .await;
    for verb in ["rotate", "disable", "enable", "remove"] {
        done(&stack, &[verb, &hook.id]).await;
    }
    let rows: Vec<String> = stack
        .database
        .column("SELECT outcome FROM bulk_export_audit WHERE action = 'webhook' AND requester_id LIKE 'cli:_%' ORDER BY id", &[])
        .await;
    assert_eq!(
        rows,
        ["added", "rotation began", "disabled", "enabled", "removed"]
    );
    let details: String = stack
        .database
        .value("SELECT string_agg(detail, '|' ORDER BY id) FROM bulk_export_audit WHERE action = 'webhook'", &[])
        .await;
    assert_eq!(details.matches(&hook.id).count(), 5, "{details}");
    assert!(!details.contains("canary"), "{details}");
    for verb in ["rotate", "disable", "enable", "remove"] {
        let unknown = run(&stack, &[verb, &hook.id]).await;
        assert_eq!(unknown.status.code(), Some(4), "{verb}");
        assert!(
            unknown.stderr.contains("webhooks list"),
            "{}",
            unknown.stderr
        );
    }
}

#[tokio::test]
async fn receivers_and_deliveries_are_listed_in_100_columns_and_as_json() {
    let stack = near().start().await;
    assert_eq!(done(&stack, &["list"]).await, "no receivers\n");
    assert_eq!(done(&stack, &["deliveries"]).await, "no deliveries\n");
    let hook = add(&stack, "http://localhost:9/hook", &["--event", "cancelled"]).await;
    for _ in 0..5 {
        cancel_one(&stack).await;
    }
    let listed: Value =
        serde_json::from_str(&done(&stack, &["list", "--client", "admin", "--json"]).await)
            .unwrap();
    let expected = json!({
        "webhook": hook.id, "client": "admin", "url": "http://localhost:9/hook", "events": ["cancelled"],
        "state": "enabled", "due": 5, "parked": 0, "disabledAt": null, "registeredAt": listed[0]["registeredAt"],
    });
    assert_eq!(listed, json!([expected]));
    assert_eq!(
        done(&stack, &["list", "--client", "nobody"]).await,
        "no receivers\n"
    );
    for arguments in [&["list"][..], &["deliveries", "--state", "due"]] {
        let text = done(&stack, arguments).await;
        assert!(text.contains(&hook.id), "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() <= 100),
            "{text}"
        );
    }

    // Pages follow each other without a gap and without a double.
    let all = deliveries(&stack, &["--webhook", &hook.id]).await;
    let (mut seen, mut after) = (vec![], None::<String>);
    loop {
        let mut arguments = vec!["--limit", "2"];
        if let Some(word) = &after {
            arguments.extend(["--after", word.as_str()]);
        }
        let page = deliveries(&stack, &arguments).await;
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last["cursor"].as_str().unwrap().to_owned());
        seen.extend(page);
    }
    assert_eq!((seen.len(), &seen), (5, &all));
    let one = all[2]["job"].as_str().unwrap();
    assert_eq!(deliveries(&stack, &["--job", one]).await, [all[2].clone()]);
    assert!(deliveries(&stack, &["--state", "parked"]).await.is_empty());
}
