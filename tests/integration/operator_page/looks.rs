//! Each page in light and dark, on a desktop and a phone: a picture is kept, axe-core finds nothing to say about labels,
//! roles and contrast, nothing runs over the screen's edge, and the console stays silent.

use std::{fs, process::Command, sync::OnceLock};

use bulk_export_tests::{
    Browser, Gate, Stack, binaries::workspace, browser::Look, client::job_id, tokens,
};

use super::{page, sign_in};

/// Gives axe-core's script.
fn axe() -> &'static str {
    static AXE: OnceLock<String> = OnceLock::new();
    AXE.get_or_init(|| {
        let output = Command::new(workspace().join("tests/axe/fetch"))
            .output()
            .expect("bash runs");
        assert!(
            output.status.success(),
            "axe-core is missing and could not be fetched: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let path = String::from_utf8(output.stdout).expect("a path");
        fs::read_to_string(path.trim()).expect("axe-core can be read")
    })
}

/// Gives what axe-core finds wrong: the rule, and the element.
async fn wrong(browser: &Browser) -> Vec<String> {
    browser.script(axe(), vec![]).await;
    let run = "const done = arguments[arguments.length - 1];
        axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
            .then((found) => done(found.violations), (error) => done([{id: String(error), nodes: []}]));";
    let found = browser.script_async(run, vec![]).await;
    let found = found.as_array().expect("a list");
    found
        .iter()
        .map(|one| format!("{} {} {}", one["id"], one["help"], one["nodes"][0]["html"]))
        .collect()
}

/// Checks a page that is loaded, in every way it can be looked at.
async fn looks(browser: &Browser, name: &str) {
    for look in Look::ALL {
        browser.look(look).await;
        let name = format!("{name}-{}", look.name());
        browser.picture(&name).await;
        assert_eq!(wrong(browser).await, Vec::<String>::new(), "{name}");
        let over =
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.script(over, vec![]).await, 0, "{name} is too wide");
    }
    assert_eq!(browser.console().await, Vec::<String>::new(), "{name}");
}

/// Makes what the pages show: jobs in every state, some with failures, workers that are gone, a node that fills up.
async fn furnish(stack: &mut Stack) -> (String, String) {
    let admin = stack.admin();
    let completed = admin.start("").await;
    admin.completed(&completed).await;
    let patient: uuid::Uuid = stack
        .database
        .value("SELECT id FROM patients LIMIT 1", &[])
        .await;
    let hers = stack.patient(patient).start("").await;
    stack.patient(patient).completed(&hers).await;
    let gone = admin.start("_type=Patient").await;
    admin.completed(&gone).await;
    assert_eq!(admin.delete(&gone).await.status, 202);
    let rename = "ALTER TABLE medical_history RENAME COLUMN event_type TO other";
    stack.database.run(rename).await;
    let failed = admin.start("").await;
    admin.answers(&failed, 500).await;
    stack
        .database
        .run("ALTER TABLE medical_history RENAME COLUMN other TO event_type")
        .await;
    stack.database.run(
        "UPDATE bulk_export_node SET repo_bytes = 92e9, capacity_bytes = 100e9, private = true, measured_at = clock_timestamp(),
             pins = 21, unowned_pins = 2, swept_at = clock_timestamp() - interval '20 minutes', swept_files = 3, swept_jobs = 1,
             swept_orphans = 0, swept_failed = 0, swept_ms = 340;
         INSERT INTO bulk_export_workers (name, version, slots, running, claiming, note, started_at, seen_at)
         VALUES ('worker-7d9c-gone', '0.1.0', 2, 1, true, NULL, clock_timestamp() - interval '3 days', clock_timestamp() - interval '10 minutes'),
                ('worker-55aa-waits', '0.1.0', 4, 0, false, 'the node is nearly full', clock_timestamp() - interval '3 hours', clock_timestamp());
         INSERT INTO bulk_export_webhooks (id, requester_id, url, events, secrets, disabled_at)
         VALUES ('11111111-1111-4111-8111-111111111111', 'research-platform', 'https://hooks.example.org/in/canary', '{completed,failed}', '{whsec_x}', NULL),
                ('22222222-2222-4222-8222-222222222222', 'admin', 'https://alerts.example.net/', '{failed}', '{whsec_x}', clock_timestamp());
         INSERT INTO bulk_export_deliveries (id, webhook_id, job_id, event, payload, state, attempts, last_status, last_error, delivered_at, next_at)
         SELECT gen_random_uuid(), '11111111-1111-4111-8111-111111111111', j.id, 'completed', '{}', s.state, s.attempts, s.status, s.error,
                CASE WHEN s.state = 'delivered' THEN clock_timestamp() END, clock_timestamp() + interval '5 minutes'
         FROM (SELECT id FROM bulk_export_jobs LIMIT 2) j,
              (VALUES ('due', 2, 503, 'the receiver answered with an error'), ('delivered', 1, 204, NULL), ('parked', 12, NULL, 'no connection')) s (state, attempts, status, error);
         INSERT INTO bulk_export_parts (job_id, ordinal, kind, resource_type, state, attempts, rows, bytes, started_at, ended_at)
         SELECT j.id, 1000 + n, 'export', 'Patient', 'done', 1, 900 * (n * n % 7), 1000000 * (n * n % 7), t.at - interval '3 seconds', t.at
         FROM (SELECT id FROM bulk_export_jobs WHERE status = 'cancelled') j, generate_series(0, 59) n,
              LATERAL (SELECT clock_timestamp() - interval '1 minute' * n AS at) t",
    ).await;
    (job_id(&completed).to_string(), job_id(&failed).to_string())
}

#[tokio::test]
async fn every_page_can_be_read_by_everybody() {
    let mut stack = Stack::builder()
        .sample(200)
        .workers(1)
        .worker("PART_ATTEMPTS", "2")
        .worker("EXPORT_PART_ROWS", "100")
        .start()
        .await;
    let page = page(&mut stack).await;
    let browser = Browser::start(stack.folder.path()).await;
    browser.open(&page).await;
    looks(&browser, "sign-in").await;
    let token = tokens::token("p1", "PATIENT");
    browser
        .find("#token")
        .await
        .send_keys(&token)
        .await
        .unwrap();
    browser.click("Sign in").await;
    assert_eq!(
        browser.console().await.len(),
        1,
        "the console tells of the 403"
    );
    looks(&browser, "sign-in-refused").await;
    sign_in(&browser).await;
    looks(&browser, "overview-quiet").await;

    let (completed, failed) = furnish(&mut stack).await;
    let gate = Gate::close(&stack.database, "medical_records", 50).await;
    let stalled = stack.admin().start("").await;
    gate.reached().await;
    let last = stack.admin().start("_type=Patient,Consent").await;
    browser.open(&format!("{page}/pause")).await;
    let reason = browser.find("#reason").await;
    reason.send_keys("the node is moved").await.unwrap();
    browser.click("Pause kick-offs").await;
    let pages = [
        ("overview", String::new()),
        ("jobs", "/jobs".to_owned()),
        ("jobs-none", "/jobs?q=nobody&state=failed".to_owned()),
        ("job-failed", format!("/jobs/{failed}")),
        ("job-completed", format!("/jobs/{completed}")),
        ("job-under-way", format!("/jobs/{}", job_id(&stalled))),
        ("job-pending", format!("/jobs/{}", job_id(&last))),
        ("cancel", format!("/jobs/{}/cancel", job_id(&last))),
        ("retry", format!("/jobs/{failed}/retry")),
        ("workers", "/workers".to_owned()),
        ("node", "/node".to_owned()),
        ("webhooks", "/webhooks".to_owned()),
        ("pause", "/pause".to_owned()),
        ("sweep", "/sweep".to_owned()),
    ];
    for (name, address) in pages {
        browser.open(&format!("{page}{address}")).await;
        looks(&browser, name).await;
    }
    browser
        .open(&format!("{page}/jobs/{}", uuid::Uuid::nil()))
        .await;
    assert_eq!(
        browser.console().await.len(),
        1,
        "the console tells of the 404"
    );
    looks(&browser, "not-found").await;
    browser.end().await;
    gate.open().await;
}

#[tokio::test]
async fn what_axe_looks_for_is_found() {
    let mut stack = Stack::builder().start().await;
    let page = page(&mut stack).await;
    let browser = Browser::start(stack.folder.path()).await;
    browser.open(&page).await;
    let spoil = "document.querySelector('label').remove();
        document.querySelector('.hint').setAttribute('style', 'color: #999');
        document.querySelector('.hint').style.color = '#aaaaaa'";
    browser.script(spoil, vec![]).await;
    let found = wrong(&browser).await.join("\n");
    for rule in ["label", "color-contrast"] {
        assert!(found.contains(rule), "{rule}: {found}");
    }
    browser.end().await;
}
