//! Who may watch: who may poll, and while the token holds. And a poll stays a poll.

use bulk_export_tests::{Client, Stack, events::Events, secs, tokens};
use reqwest::Method;
use serde_json::json;
use tokio::time::timeout;
use uuid::Uuid;

#[tokio::test]
async fn who_may_not_poll_may_not_watch() {
    let stack = Stack::builder().sample(2).start().await;
    let patients: Vec<Uuid> = stack
        .database
        .column("SELECT id FROM patients ORDER BY id", &[])
        .await;
    let (ada, eve) = (stack.patient(patients[0]), stack.patient(patients[1]));
    let url = ada.start("").await;
    let nobody = stack.client(None);
    let forged = stack.client(Some(format!("{}x", tokens::token("admin", "ADMIN"))));
    for (who, status) in [
        (&ada, 200),
        (&stack.admin(), 200),
        (&eve, 404),
        (&nobody, 401),
        (&forged, 401),
    ] {
        let answer = Events::ask(who, &url, None).await;
        assert_eq!(answer.status(), status);
        if status != 200 {
            let kind = answer.headers()["content-type"].to_str().unwrap();
            assert!(kind.starts_with("application/fhir+json"), "{kind}");
        }
    }
    let denied = "bulk_export_audit WHERE action = 'deny' AND requester_id = $1";
    let count = stack
        .database
        .count(denied, &[&patients[1].to_string()])
        .await;
    assert_eq!(count, 1, "a denial is audited");
    let unknown = url.replace(&url[url.len() - 36..], &Uuid::new_v4().to_string());
    assert_eq!(Events::ask(&ada, &unknown, None).await.status(), 404);
    assert_eq!(ada.delete(&url).await.status, 202);
    assert_eq!(Events::ask(&ada, &url, None).await.status(), 404);
}

#[tokio::test]
async fn a_stream_ends_with_the_token_that_opened_it() {
    let stack = Stack::builder().api("AUTH_LEEWAY", "0s").start().await;
    let admin = stack.admin();
    let url = admin.start("").await;
    let mut claims = tokens::claims("admin", "ADMIN");
    claims["exp"] = json!(chrono::Utc::now().timestamp() + 4);
    let brief = stack.client(Some(tokens::sign(&claims, tokens::SECRET)));
    let mut events = Events::open(&brief, &url).await;
    assert_eq!(events.next().await.unwrap().name, "progress");
    let rest = timeout(secs(10), events.rest())
        .await
        .expect("the stream ends");
    assert_eq!(rest, [], "the job goes on");
    assert_eq!(events.comments, ["the token has expired"]);
    assert!(chrono::Utc::now().timestamp() <= claims["exp"].as_i64().unwrap() + 2);
    assert_eq!(Events::ask(&brief, &url, None).await.status(), 401);
}

#[tokio::test]
async fn a_poll_stays_a_poll() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin();
    let url = admin.start("").await;
    let poll = async |accept: Option<&str>| {
        let request = admin.request(Method::GET, &url);
        Client::send(match accept {
            Some(accept) => request.header("Accept", accept),
            None => request,
        })
        .await
    };
    for accept in [
        None,
        Some("*/*"),
        Some("application/json"),
        Some("application/fhir+json"),
        Some("application/json, text/event-stream"),
        Some(
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
        ),
    ] {
        let reply = poll(accept).await;
        assert_eq!(reply.status, 202, "{accept:?}");
        assert_eq!(
            reply.header("content-type"),
            Some("application/json"),
            "{accept:?}"
        );
        assert_eq!(
            reply.json(),
            json!({"status": "pending", "progress": 0}),
            "{accept:?}"
        );
        assert!(reply.header("retry-after").is_some(), "{accept:?}");
    }
}
