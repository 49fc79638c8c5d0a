//! What an operator does: each action is asked about, done once, and recorded with the operator's id.

use bulk_export_tests::{Gate, Stack, data, poll, secs};
use uuid::Uuid;

use super::{
    OPERATOR, page, signed_in,
    visitor::{Visitor, job_path},
};

async fn recorded(stack: &Stack, action: &str) -> Vec<String> {
    let sql = "SELECT requester_id FROM bulk_export_audit WHERE action = $1 ORDER BY id";
    stack.database.column(sql, &[&action]).await
}

#[tokio::test]
async fn a_running_job_is_cancelled_after_a_question() {
    let mut stack = Stack::builder().own_kubo().start().await;
    data::patient_with_records(&stack.database, 1_000, 1_000).await;
    let gate = Gate::close(&stack.database, "medical_records", 900).await;
    stack.start_worker(&[]).await;
    let admin = stack.admin();
    let url = admin.start("_type=Patient,DocumentReference").await;
    gate.reached().await;

    let (browser, page) = signed_in(&mut stack).await;
    browser.open(&format!("{page}{}", job_path(&url))).await;
    browser.click("Cancel…").await;
    browser.shows("h1", "Cancel this job?").await;
    browser.click("Back, without doing it").await;
    assert_eq!(admin.get(&url).await.status, 202, "nothing was done");
    browser.click("Cancel…").await;
    browser.click("Cancel the job").await;
    browser.shows(".notice[role=status]", "is cancelled").await;
    browser.shows("#job", "cancelled").await;
    assert!(
        !browser.has("a[href$='/cancel']").await,
        "there is nothing to cancel"
    );
    assert_eq!(browser.console().await, Vec::<String>::new());
    browser.end().await;

    gate.left(secs(2)).await;
    admin.get(&url).await.outcome(404, "not-found");
    assert_eq!(recorded(&stack, "cancel").await, [OPERATOR]);
    poll("the pins are released", secs(10), async || {
        stack.kubo.pins().await.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn kick_offs_are_paused_and_resumed() {
    let mut stack = Stack::builder().sample(2).start().await;
    let (browser, _) = signed_in(&mut stack).await;
    browser.click("Pause kick-offs…").await;
    let reason = browser.find("#reason").await;
    reason.send_keys("the node is <moved>").await.unwrap();
    browser.click("Pause kick-offs").await;
    browser
        .shows(".notice[role=status]", "Kick-offs are paused.")
        .await;
    browser.shows("#live .notice", "the node is <moved>").await;
    let refused = stack.admin().kick_off("").await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(
        !refused.text().contains("moved"),
        "the reason is the operators' own"
    );
    browser.click("Resume…").await;
    browser.click("Resume kick-offs").await;
    browser
        .shows(".notice[role=status]", "accepted again")
        .await;
    stack.admin().start("").await;
    browser.end().await;
    assert_eq!(recorded(&stack, "pause").await, [OPERATOR]);
    assert_eq!(recorded(&stack, "resume").await, [OPERATOR]);
}

#[tokio::test]
async fn what_is_too_late_is_refused_with_its_reason() {
    let mut stack = Stack::builder().sample(2).workers(1).start().await;
    let admin = stack.admin();
    let url = admin.start("").await;
    admin.completed(&url).await;
    let visitor = Visitor::signed_in(&page(&mut stack).await).await;
    let job = job_path(&url);
    for (path, words) in [
        (format!("{job}/retry"), "this one is completed"),
        ("/resume".to_owned(), "not paused"),
    ] {
        let reply = visitor.send(&path, &[]).await;
        assert_eq!(reply.status, 409, "{path}");
        assert!(reply.text().contains(words), "{}", reply.text());
    }
    assert_eq!(
        visitor.send(&format!("{job}/cancel"), &[]).await.status,
        303
    );
    let again = visitor.send(&format!("{job}/cancel"), &[]).await;
    assert_eq!(again.status, 409);
    let asked = visitor.get(&format!("{job}/cancel")).await;
    assert_eq!(asked.status, 409, "there is nothing to ask about");
    assert_eq!(visitor.send("/pause", &[]).await.status, 303);
    assert_eq!(visitor.send("/pause", &[]).await.status, 409);
    let nothing = format!("/jobs/{}", Uuid::new_v4());
    for path in [
        &nothing,
        &format!("{nothing}/cancel"),
        "/jobs/1",
        "/jobs/1/retry",
    ] {
        assert_eq!(visitor.get(path).await.status, 404, "{path}");
    }
    assert_eq!(
        visitor.send(&format!("{nothing}/retry"), &[]).await.status,
        404
    );
    assert_eq!(recorded(&stack, "retry").await, Vec::<String>::new());
    assert_eq!(recorded(&stack, "cancel").await, [OPERATOR]);
}

#[tokio::test]
async fn a_sweep_is_done_when_it_is_asked_for() {
    let mut stack = Stack::builder().own_kubo().workers(1).start().await;
    let (browser, page) = signed_in(&mut stack).await;
    browser.open(&format!("{page}/node")).await;
    browser.click("Sweep now…").await;
    browser.click("Sweep now").await;
    browser
        .shows(".notice[role=status]", "A sweep was asked for")
        .await;
    assert_eq!(recorded(&stack, "sweep").await, [OPERATOR]);
    poll("a sweep has ended", secs(20), async || {
        browser.open(&format!("{page}/node")).await;
        let text = browser.text("main").await;
        text.contains("Could not be released").then_some(())
    })
    .await;
    browser.end().await;
}

#[tokio::test]
async fn what_a_receiver_did_not_take_is_delivered_again() {
    let mut stack = Stack::builder().start().await;
    stack.database.run(
        "INSERT INTO bulk_export_webhooks (id, requester_id, url, events, secrets)
         VALUES ('11111111-1111-4111-8111-111111111111', 'research', 'https://hooks.example.org/in/canary?key=canary', '{completed}', '{whsec_canary}');
         INSERT INTO bulk_export_deliveries (id, webhook_id, job_id, event, payload, state, attempts, last_error)
         SELECT gen_random_uuid(), '11111111-1111-4111-8111-111111111111', gen_random_uuid(), 'completed', '{}', 'parked', 12, 'no connection'
         FROM generate_series(1, 2)",
    ).await;
    let (browser, page) = signed_in(&mut stack).await;
    browser.shows(".attention", "Receivers of webhooks").await;
    browser.open(&format!("{page}/webhooks?state=parked")).await;
    let text = browser.text("main").await;
    assert!(
        text.contains("no connection") && !text.contains("canary"),
        "{text}"
    );
    browser
        .find("#deliveries-table a[href$='/redeliver']")
        .await
        .click()
        .await
        .unwrap();
    browser.shows("h1", "Deliver again?").await;
    browser.click("Deliver again").await;
    browser
        .shows(".notice[role=status]", "It is due again")
        .await;
    let due = "bulk_export_deliveries WHERE state = 'due'";
    assert_eq!(stack.database.count(due, &[]).await, 1);
    browser
        .find("#receivers-table a[href$='/redeliver']")
        .await
        .click()
        .await
        .unwrap();
    browser.click("Deliver again").await;
    browser
        .shows(".notice[role=status]", "It is due again")
        .await;
    assert_eq!(stack.database.count(due, &[]).await, 2);
    browser.end().await;
    assert_eq!(recorded(&stack, "webhook").await, [OPERATOR, OPERATOR]);
}
