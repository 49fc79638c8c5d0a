//! Without JavaScript, and without a mouse: everything is there, and everything can be done.

use bulk_export_tests::{Browser, Stack, data, tokens};

use super::{
    OPERATOR, page, sign_in,
    visitor::{Visitor, job_path},
};

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// Goes on with the tabulator until the element with these words has the focus; each on the way can be seen to have it.
async fn tab_to(browser: &Browser, words: &str) {
    let look = "const at = document.activeElement;
        const style = getComputedStyle(at);
        return [(at.textContent || '').trim().replace(/\\s+/g, ' '), at.id, style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2];";
    let mut passed = vec![];
    for _ in 0..80 {
        browser.keys(TAB).await;
        let at = browser.script(look, vec![]).await;
        let name = at[0].as_str().unwrap_or_default().to_owned();
        assert_eq!(at[2], true, "the focus on {name:?} is seen");
        if name == words || at[1] == words {
            return;
        }
        passed.push(name);
    }
    panic!("{words} cannot be reached by keyboard: {passed:?}");
}

async fn press(browser: &Browser) {
    let before = browser.mark().await;
    browser.keys(ENTER).await;
    browser.loaded(&before).await;
}

#[tokio::test]
async fn a_job_is_found_and_cancelled_by_keyboard_alone() {
    let mut stack = Stack::builder().sample(2).start().await;
    let url = stack.admin().start("").await;
    let page = page(&mut stack).await;
    let browser = Browser::start(stack.folder.path()).await;
    browser.open(&page).await;
    // The field has the focus already.
    browser.keys(&tokens::token(OPERATOR, "ADMIN")).await;
    tab_to(&browser, "Sign in").await;
    press(&browser).await;
    browser.shows("h1", "Overview").await;
    // The first stop leads past the navigation.
    browser.keys(TAB).await;
    let first = browser
        .script("return document.activeElement.textContent", vec![])
        .await;
    assert_eq!(first, "Skip to the content");
    browser.keys(ENTER).await;
    let at = browser
        .script("return document.activeElement.id", vec![])
        .await;
    assert_eq!(at, "content");
    tab_to(&browser, "live-pause").await;
    browser.keys(ENTER).await;
    browser.shows("#live-state", "Not updated.").await;
    browser.open(&page).await;
    tab_to(&browser, "Jobs").await;
    press(&browser).await;
    let id = job_path(&url).trim_start_matches("/jobs/").to_owned();
    tab_to(&browser, &id).await;
    press(&browser).await;
    tab_to(&browser, "Cancel…").await;
    press(&browser).await;
    tab_to(&browser, "Cancel the job").await;
    press(&browser).await;
    browser.shows("#job", "cancelled").await;
    browser.end().await;
    stack.admin().get(&url).await.outcome(404, "not-found");
}

#[tokio::test]
async fn without_scripts_the_tables_are_shown_and_the_forms_work() {
    let mut stack = Stack::builder().sample(5).workers(1).start().await;
    let admin = stack.admin();
    let url = admin.start("").await;
    admin.completed(&url).await;
    let page = page(&mut stack).await;
    let browser = Browser::start(stack.folder.path()).await;
    browser.without_scripts().await;
    browser.open(&page).await;
    sign_in(&browser).await;
    assert!(
        !browser
            .find("#live-controls")
            .await
            .is_displayed()
            .await
            .unwrap(),
        "nothing is promised that needs a script"
    );
    let id = job_path(&url).trim_start_matches("/jobs/").to_owned();
    let cases = [
        ("", "Throughput"),
        ("/jobs", id.as_str()),
        (&job_path(&url), "DocumentReference"),
        ("/workers", "claims parts"),
        ("/node", "What our rows own"),
        ("/webhooks", "Receivers"),
    ];
    for (path, words) in cases {
        browser.open(&format!("{page}{path}")).await;
        browser.shows("main", words).await;
    }
    browser.open(&format!("{page}/pause")).await;
    browser.click("Pause kick-offs").await;
    browser.shows(".notice", "Kick-offs are paused.").await;
    assert_eq!(admin.kick_off("").await.status, 503);
    browser.end().await;
}

#[tokio::test]
async fn what_was_focused_and_selected_stays_so_while_the_page_is_updated() {
    let mut stack = Stack::builder().sample(2).start().await;
    let first = stack.admin().start("").await;
    let page = page(&mut stack).await;
    let browser = Browser::start(stack.folder.path()).await;
    browser.open(&page).await;
    sign_in(&browser).await;
    let id = job_path(&first);
    let focus = format!("document.querySelector(\"#live a[href$='{id}']\").focus()");
    browser.script(&focus, vec![]).await;
    let second = stack.admin().start("_type=Patient").await;
    let other = job_path(&second).trim_start_matches("/jobs/").to_owned();
    browser.shows("#jobs-table", &other).await;
    let at = browser
        .script("return document.activeElement.getAttribute('href')", vec![])
        .await;
    assert_eq!(at, format!("/operator{id}"));
    assert_eq!(browser.console().await, Vec::<String>::new());
    browser.end().await;
}

#[tokio::test]
async fn no_page_names_a_patient_or_a_file() {
    let mut stack = Stack::builder().workers(1).start().await;
    let patient = data::patient_with_records(&stack.database, 3, 100).await;
    let hers = stack.patient(patient);
    let url = hers.start("").await;
    hers.completed(&url).await;
    let stranger = stack.patient("another-patient");
    stranger.get(&url).await.outcome(404, "not-found");
    let visitor = Visitor::signed_in(&page(&mut stack).await).await;
    let job = job_path(&url);
    let cid: String = stack
        .database
        .value("SELECT cid FROM bulk_export_files LIMIT 1", &[])
        .await;
    let secrets = [patient.to_string(), "another-patient".to_owned(), cid];
    for path in [
        "",
        "/live",
        "/jobs",
        "/node",
        "/workers",
        "/webhooks",
        &job,
        &format!("{job}/live"),
        &format!("{job}/cancel"),
    ] {
        let reply = visitor.get(path).await;
        assert_eq!(reply.status, 200, "{path}");
        for secret in &secrets {
            assert!(!reply.text().contains(secret), "{path} tells {secret}");
        }
    }
    let text = visitor.get(&job).await.text();
    assert!(
        text.contains("one patient's data") || text.contains("one patient&#39;s data"),
        "{text}"
    );
    assert!(text.contains(">deny<"), "who was denied is told of: {text}");
}
