//! A real export, as an operator sees it: it moves, it fails for a reason, it is tried again, it ends.

use bulk_export_tests::{Gate, Stack, client::job_id, data};

use super::signed_in;

#[tokio::test]
async fn progress_is_seen_to_move_without_loading_the_page_again() {
    let mut stack = Stack::builder().start().await;
    data::patient_with_records(&stack.database, 2_000, 1_000).await;
    let gate = Gate::close(&stack.database, "medical_records", 1_900).await;
    stack.start_worker(&[("PART_LEASE", "2s")]).await;
    let url = stack.admin().start("_type=DocumentReference").await;
    gate.reached().await;

    let (browser, page) = signed_in(&mut stack).await;
    browser.shows("main", "Throughput").await;
    browser.shows("#jobs-table", "in progress").await;
    let job = job_id(&url);
    browser.open(&format!("{page}/jobs/{job}")).await;
    let mark = browser.mark().await;
    browser.shows("#job", "in progress").await;
    browser.shows("#parts-table", "running").await;
    gate.open().await;
    browser.shows("#job", "completed, 100 %").await;
    browser.shows("#parts-table", "2,000").await;
    browser
        .shows("#live-state", "This does not change any more.")
        .await;
    // A screen reader hears of the end, once.
    browser.find("#said").await;
    let said = browser
        .script("return document.getElementById('said').textContent", vec![])
        .await;
    assert_eq!(said, "This does not change any more.");
    let same = browser.script("return window.mark", vec![]).await;
    assert_eq!(same, mark.as_str(), "the page was not loaded again");
    assert_eq!(browser.console().await, Vec::<String>::new());
    browser.end().await;
}

#[tokio::test]
async fn a_failed_job_is_explained_and_tried_again_to_its_end() {
    let mut stack = Stack::builder()
        .sample(20)
        .workers(1)
        .worker("PART_ATTEMPTS", "1")
        .start()
        .await;
    let rename =
        |from: &str, to: &str| format!("ALTER TABLE medical_history RENAME COLUMN {from} TO {to}");
    stack.database.run(&rename("event_type", "other")).await;
    let admin = stack.admin();
    let url = admin.start("").await;
    admin.answers(&url, 500).await;

    let (browser, page) = signed_in(&mut stack).await;
    browser.shows(".attention", "1 job has failed").await;
    browser.click("Failed jobs").await;
    assert_eq!(browser.place().await, "/operator/jobs?state=failed");
    let job = job_id(&url).to_string();
    browser
        .shows("#jobs-table", "Provenance resources failed")
        .await;
    browser.click(&job).await;
    browser.shows(".notice.bad", "Why it failed:").await;
    // What the database said stands in the part, and no row of it.
    let reason = browser.text("#failures-table tbody .reason").await;
    assert!(!reason.is_empty());
    stack.database.run(&rename("other", "event_type")).await;
    browser.click("Try again…").await;
    browser.shows("h1", "Try this job again?").await;
    browser.click("Try again").await;
    browser.shows(".notice[role=status]", "due again").await;
    browser.shows("#job", "completed, 100 %").await;
    let manifest = admin.completed(&url).await;
    assert!(manifest["output"].as_array().unwrap().len() >= 4);
    browser.open(&format!("{page}/jobs/{job}")).await;
    let audit = browser.text("#audit-table").await;
    for words in ["kick off", "fail", "retry", "complete", super::OPERATOR] {
        assert!(audit.contains(words), "{words}: {audit}");
    }
    assert_eq!(browser.console().await, Vec::<String>::new());
    browser.end().await;
    let who: String = stack
        .database
        .value(
            "SELECT requester_id FROM bulk_export_audit WHERE action = 'retry'",
            &[],
        )
        .await;
    assert_eq!(who, super::OPERATOR);
}
