//! The key endpoint when it misbehaves or is away: stale keys serve for an hour, and then nothing does.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use super::{
    endpoint::{Answer, Endpoint, SOON},
    fetching::{by, keys, start, subject},
    support::*,
};
use crate::auth::{Refusal, source::Deadlines};

#[tokio::test]
async fn stale_keys_serve_for_an_hour_and_then_nothing_does() {
    let (endpoint, subject) = start(Answer::keys(&keys(&[("a", &EC)]), 300)).await;
    let token = by("a", &EC);
    subject.bearer(&token).await.unwrap();
    endpoint.answer(Answer::response("500 Internal Server Error", "", ""));
    subject.clock.advance(300);
    subject.bearer(&token).await.unwrap();
    assert_eq!(endpoint.count(), 2);
    subject.clock.advance(29);
    subject.bearer(&token).await.unwrap();
    assert_eq!(
        endpoint.count(),
        2,
        "a failing endpoint is not asked by every request"
    );
    assert_eq!(
        subject.bearer(&by("b", &EC_OTHER)).await,
        Err(Refusal::Unavailable),
        "the key may be a new one"
    );
    subject.clock.advance(1);
    subject.bearer(&token).await.unwrap();
    assert_eq!(endpoint.count(), 3);
    subject.clock.advance(3600 - 31);
    subject.bearer(&token).await.unwrap();
    subject.clock.advance(1);
    assert_eq!(subject.bearer(&token).await, Err(Refusal::Unavailable));
    endpoint.answer(Answer::keys(&keys(&[("a", &EC)]), 300));
    subject.clock.advance(5);
    subject.bearer(&token).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_is_no_key_set_is_unavailable() {
    let good = keys(&[("a", &EC)]).to_string();
    let many = json!({ "keys": vec![EC.jwk("a"); 101] }).to_string();
    let large = json!({ "keys": [EC.jwk("a")], "pad": "x".repeat(64 * 1024) }).to_string();
    let answers = [
        Answer::response("500 Internal Server Error", "", &good),
        Answer::response("404 Not Found", "", &good),
        Answer::response("204 No Content", "", ""),
        Answer::response("206 Partial Content", "", &good),
        Answer::response("302 Found", "Location: /keys\r\n", &good),
        Answer::response(
            "301 Moved Permanently",
            "Location: https://attacker.example/keys\r\n",
            &good,
        ),
        Answer::response("307 Temporary Redirect", "Location: /other\r\n", &good),
        Answer::response("200 OK", "", ""),
        Answer::response("200 OK", "", "<html>maintenance</html>"),
        Answer::response("200 OK", "", "[]"),
        Answer::response("200 OK", "", "{}"),
        Answer::response("200 OK", "", r#"{"keys":{}}"#),
        Answer::response("200 OK", "", &good[..good.len() - 1]),
        Answer::response("200 OK", "", &many),
        Answer::response("200 OK", "", &large),
        Answer::Octets(
            format!("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{good}").into_bytes(),
        ),
        Answer::Octets(b"SSH-2.0-OpenSSH\r\n".to_vec()),
        Answer::Octets(Vec::new()),
        Answer::Endless,
    ];
    for (at, answer) in answers.into_iter().enumerate() {
        let (endpoint, subject) = start(answer).await;
        for _ in 0..3 {
            assert_eq!(
                subject.bearer(&by("a", &EC)).await,
                Err(Refusal::Unavailable),
                "answer {at}"
            );
        }
        assert_eq!(
            endpoint.count(),
            1,
            "answer {at}: a redirect is not followed, a failure not repeated at once"
        );
        endpoint.answer(Answer::keys(&keys(&[("a", &EC)]), 300));
        subject.clock.advance(5);
        subject.bearer(&by("a", &EC)).await.unwrap();
    }
}

#[tokio::test]
async fn a_silent_endpoint_is_given_up_at_the_deadline() {
    let endpoint = Endpoint::start(Answer::Silence).await;
    let deadlines = Deadlines {
        connect: SOON,
        total: Duration::from_millis(100),
    };
    let subject = subject(&endpoint, deadlines);
    let outcome = timeout(SOON, subject.bearer(&by("a", &EC)))
        .await
        .expect("the deadline holds");
    assert_eq!(outcome, Err(Refusal::Unavailable));
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_unavailable() {
    let endpoint = Endpoint::start(Answer::Silence).await;
    let subject = subject(&endpoint, Deadlines::default());
    drop(endpoint);
    // The listener ends with its task; until then it may still accept, and the deadline holds.
    let outcome = timeout(SOON, subject.bearer(&by("a", &EC)))
        .await
        .expect("the deadline holds");
    assert_eq!(outcome, Err(Refusal::Unavailable));
}
