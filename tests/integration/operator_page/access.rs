//! Who gets in, and what is done for nobody else.

use bulk_export_tests::{Browser, Process, Reply, Stack, binaries::Binary, poll, secs, tokens};
use serde_json::json;

use super::{
    OPERATOR, page, sign_in,
    visitor::{Visitor, job_path},
};

/// A key that replicas share.
const KEY: (&str, &str) = (
    "OPERATOR_COOKIE_KEY",
    "a key of 32 bytes or more for the tests",
);

fn is_signed_out(reply: &Reply) -> bool {
    let to = reply.header("location").unwrap_or_default();
    reply.status == 303 && to.starts_with("/operator/sign-in")
}

#[tokio::test]
async fn a_patient_is_refused_in_clear_words_and_the_refusal_is_recorded() {
    let mut stack = Stack::builder().start().await;
    let page = page(&mut stack).await;
    let browser = Browser::start(stack.folder.path()).await;
    browser.open(&page).await;
    assert_eq!(browser.place().await, "/operator/sign-in");
    let token = tokens::token("patient-17", "PATIENT");
    browser
        .find("#token")
        .await
        .send_keys(&token)
        .await
        .unwrap();
    browser.click("Sign in").await;
    browser
        .shows("[role=alert]", "This page is for operators")
        .await;
    browser
        .shows("[role=alert]", "This token is a PATIENT's.")
        .await;
    assert_eq!(browser.cookies().await, Vec::<serde_json::Value>::new());
    browser.open(&page).await;
    assert_eq!(browser.place().await, "/operator/sign-in");
    browser.end().await;
    let denied: Vec<String> = stack
        .database
        .column(
            "SELECT requester_id || ': ' || outcome FROM bulk_export_audit WHERE action = 'deny'",
            &[],
        )
        .await;
    assert_eq!(denied, ["patient-17: the operator's page is for ADMIN"]);
}

#[tokio::test]
async fn an_operator_signs_in_goes_on_where_she_wanted_and_signs_out() {
    let mut stack = Stack::builder().start().await;
    let page = page(&mut stack).await;
    let browser = Browser::start(stack.folder.path()).await;
    browser.open(&format!("{page}/jobs?state=failed")).await;
    sign_in(&browser).await;
    assert_eq!(browser.place().await, "/operator/jobs?state=failed");
    let cookies = browser.cookies().await;
    let cookie = &cookies[0];
    assert_eq!(
        (&cookie["httpOnly"], &cookie["sameSite"]),
        (&json!(true), &json!("Strict"))
    );
    assert_eq!(cookie["path"], "/operator");
    let seen = browser.script("return document.cookie", vec![]).await;
    assert_eq!(seen, "", "no script sees the cookie");
    // Somebody else's link, to which the browser sends no strict cookie at first.
    let link = format!("data:text/html,<a href=\"{page}/workers\">go</a>");
    browser.open(&link).await;
    browser.click("go").await;
    browser.shows("h1", "Workers").await;
    browser.click("Sign out").await;
    assert_eq!(browser.cookies().await.len(), 0);
    browser.open(&page).await;
    assert_eq!(browser.place().await, "/operator/sign-in");
    browser.end().await;
    let signed_in = "bulk_export_audit WHERE action = 'sign_in' AND outcome = 'signed in' AND requester_id = $1";
    assert_eq!(stack.database.count(signed_in, &[&OPERATOR]).await, 1);
    assert!(
        !stack.logs().contains(OPERATOR),
        "the log names an operator"
    );
}

#[tokio::test]
async fn tokens_that_do_not_hold_begin_no_session() {
    let mut stack = Stack::builder().start().await;
    let mut visitor = Visitor::new(&page(&mut stack).await);
    let now = chrono::Utc::now().timestamp();
    let changed = |name: &str, value: serde_json::Value| {
        let mut claims = tokens::claims(OPERATOR, "ADMIN");
        claims[name] = value;
        tokens::sign(&claims, tokens::SECRET)
    };
    let cases = [
        (String::new(), 400, "Paste a token."),
        ("canary".to_owned(), 401, "is not accepted"),
        (changed("exp", json!(now - 60)), 401, "has expired"),
        (changed("aud", json!("another")), 401, "another audience"),
        (changed("role", json!("NURSE")), 403, "ADMIN is needed"),
        (
            tokens::sign(
                &tokens::claims(OPERATOR, "ADMIN"),
                "another secret of at least 32 bytes",
            ),
            401,
            "is not accepted",
        ),
    ];
    for (token, status, words) in cases {
        let reply = visitor.sign_in(&token).await;
        assert_eq!(reply.status, status, "{words}");
        assert!(reply.text().contains(words), "{words}: {}", reply.text());
        assert!(token.is_empty() || !reply.text().contains(&token));
        assert_eq!(visitor.cookie, None, "{words}");
    }
    let reply = visitor.sign_in(&"x".repeat(40_000)).await;
    assert_eq!(reply.status, 400);
    // Within the leeway the API takes it; a session of it would be over.
    visitor.sign_in(&changed("exp", json!(now - 1))).await;
    assert!(is_signed_out(&visitor.get("").await));
}

#[tokio::test]
async fn nothing_is_shown_or_done_without_a_session() {
    let mut stack = Stack::builder().sample(2).start().await;
    let url = stack.admin().start("").await;
    let job = job_path(&url);
    let page = page(&mut stack).await;
    let mut forged = Visitor::new(&page);
    forged.cookie = Some(format!("bulk_export_operator={}", "A".repeat(120)));
    for visitor in [Visitor::new(&page), forged] {
        let pages = [
            "",
            "/live",
            "/jobs",
            "/workers",
            "/workers/live",
            "/node",
            "/webhooks",
            "/pause",
            "/nowhere",
        ];
        for path in pages {
            assert!(is_signed_out(&visitor.get(path).await), "{path}");
        }
        for path in ["", "/live", "/cancel", "/retry"] {
            let path = format!("{job}{path}");
            assert!(is_signed_out(&visitor.get(&path).await), "{path}");
        }
        let actions = [
            "/pause",
            "/resume",
            "/sweep",
            &format!("{job}/cancel"),
            &format!("{job}/retry"),
        ];
        for path in actions {
            assert!(is_signed_out(&visitor.send(path, &[]).await), "{path}");
        }
    }
    let paused = "bulk_export_service WHERE paused_at IS NOT NULL OR sweep_wanted_at IS NOT NULL";
    assert_eq!(stack.database.count(paused, &[]).await, 0);
    assert_eq!(stack.admin().get(&url).await.status, 202);
    // And the port of the clients has no such page.
    let public = Visitor::new(&format!("{}/operator", stack.root()));
    assert_eq!(public.get("").await.status, 404);
}

#[tokio::test]
async fn forms_of_other_sites_do_nothing() {
    let mut stack = Stack::builder().start().await;
    let page = page(&mut stack).await;
    let visitor = Visitor::signed_in(&page).await;
    let origin = page.trim_end_matches("/operator").to_owned();
    let others: [&[(&str, &str)]; 5] = [
        &[],
        &[("sec-fetch-site", "cross-site"), ("origin", &origin)],
        &[
            ("sec-fetch-site", "same-site"),
            ("origin", "http://127.0.0.1:1"),
        ],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ];
    for headers in others {
        for path in ["/pause", "/sign-out", "/sign-in"] {
            let reply = visitor.send_with(path, &[("token", "x")], headers).await;
            assert_eq!(reply.status, 403, "{path} {headers:?}");
            assert_eq!(reply.header("set-cookie"), None);
        }
    }
    let paused = "bulk_export_service WHERE paused_at IS NOT NULL";
    assert_eq!(stack.database.count(paused, &[]).await, 0);
    // An older browser says where the form came from and no more.
    let reply = visitor
        .send_with("/pause", &[], &[("origin", &origin)])
        .await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert_eq!(stack.database.count(paused, &[]).await, 1);
}

#[tokio::test]
async fn a_session_ends_with_its_token() {
    let mut stack = Stack::builder().start().await;
    let mut visitor = Visitor::new(&page(&mut stack).await);
    let mut claims = tokens::claims(OPERATOR, "ADMIN");
    claims["exp"] = json!(chrono::Utc::now().timestamp() + 6);
    let reply = visitor
        .sign_in(&tokens::sign(&claims, tokens::SECRET))
        .await;
    let set = reply.header("set-cookie").unwrap().to_owned();
    let age = set
        .split("Max-Age=")
        .nth(1)
        .and_then(|rest| rest.split(';').next()?.parse().ok());
    assert!(age.is_some_and(|age: u32| (1..=6).contains(&age)), "{set}");
    assert!(!set.contains("Secure"), "{set}");
    assert_eq!(visitor.get("").await.status, 200);
    poll("the session is over", secs(20), async || {
        is_signed_out(&visitor.get("").await).then_some(())
    })
    .await;
    // Over https, which the browser's origin tells, the cookie never goes out in clear.
    let token = tokens::token(OPERATOR, "ADMIN");
    let https = [
        ("sec-fetch-site", "same-origin"),
        ("origin", "https://ops.example"),
    ];
    let reply = visitor
        .send_with("/sign-in", &[("token", &token)], &https)
        .await;
    assert!(reply.header("set-cookie").unwrap().contains("Secure"));
}

#[tokio::test]
async fn every_replica_that_has_the_key_knows_a_session() {
    let mut stack = Stack::builder().api(KEY.0, KEY.1).start().await;
    let visitor = Visitor::signed_in(&page(&mut stack).await).await;
    let mut environment = stack.api_environment(0);
    for (key, known) in [(Some(KEY.1), true), (None, false)] {
        environment.remove(KEY.0);
        environment.extend(key.map(|key| (KEY.0.to_owned(), key.to_owned())));
        let name = format!("api-other-{known}");
        let mut other = Process::start(Binary::Api, &environment, stack.folder.path(), &name);
        let mut there = Visitor::new(&format!(
            "http://{}/operator",
            other.private_address().await
        ));
        there.cookie.clone_from(&visitor.cookie);
        let reply = there.get("").await;
        assert_eq!(reply.status == 200, known, "{}", reply.text());
        assert_eq!(is_signed_out(&reply), !known);
    }
}

#[tokio::test]
async fn every_answer_may_load_send_and_be_framed_nowhere_else() {
    let mut stack = Stack::builder().start().await;
    let page = page(&mut stack).await;
    let visitor = Visitor::signed_in(&page).await;
    let stranger = Visitor::new(&page);
    let style = "/assets/style.css";
    let replies = [
        visitor.get("").await,
        visitor.get("/live").await,
        visitor.get("/nowhere").await,
        visitor.get("/jobs?state=lost").await,
        visitor.get(style).await,
        stranger.get("").await,
        stranger.get("/sign-in").await,
        visitor.send_with("/pause", &[], &[]).await,
    ];
    for reply in &replies {
        let policy = reply.header("content-security-policy").expect("a policy");
        for part in [
            "default-src 'none'",
            "style-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert!(reply.header("x-request-id").is_some());
    }
    let text = replies[0].text();
    let version = text
        .split("style.css?v=")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let kept = visitor
        .get(&format!("{style}?v={}", version.unwrap()))
        .await;
    assert!(kept.header("cache-control").unwrap().contains("immutable"));
    for foreign in ["http://", "https://", "style=", "onclick", "<style"] {
        assert!(!text.contains(foreign), "{foreign}: {text}");
    }
}
