//! The key endpoint when all is well: rotation, and how often it is asked.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};

use super::{
    endpoint::{Answer, Endpoint, SOON},
    support::*,
};
use crate::auth::{Refusal, source::Deadlines};

const UNKNOWN: Refusal = Refusal::Invalid("the key of the token is not known");

pub(super) fn keys(signers: &[(&str, &Signer)]) -> Value {
    json!({ "keys": signers.iter().map(|(id, signer)| signer.jwk(id)).collect::<Vec<_>>() })
}

pub(super) async fn start(answer: Answer) -> (Endpoint, Subject) {
    let endpoint = Endpoint::start(answer).await;
    let subject = subject(
        &endpoint,
        Deadlines {
            connect: SOON,
            total: SOON,
        },
    );
    (endpoint, subject)
}

pub(super) fn subject(endpoint: &Endpoint, deadlines: Deadlines) -> Subject {
    Subject::with(&[("AUTH_JWKS_URL", &endpoint.url)], deadlines)
}

/// Long enough for every test, whatever its clock does.
fn lasting() -> Draft {
    Draft::good().claim("exp", NOW + 100_000)
}

pub(super) fn by(id: &str, signer: &Signer) -> String {
    lasting().header("kid", id).sign(signer)
}

#[tokio::test]
async fn the_set_is_fetched_once_while_it_is_fresh() {
    let (endpoint, subject) = start(Answer::keys(&keys(&[("a", &EC)]), 600)).await;
    assert_eq!(
        endpoint.count(),
        0,
        "nothing is fetched before the first request"
    );
    for seconds in [0, 1, 598] {
        subject.clock.advance(seconds);
        subject.bearer(&by("a", &EC)).await.unwrap();
    }
    assert_eq!(endpoint.count(), 1);
    subject.clock.advance(1);
    subject.bearer(&by("a", &EC)).await.unwrap();
    assert_eq!(endpoint.count(), 2);
    let head = endpoint.requests()[0].to_ascii_lowercase();
    assert!(head.starts_with("get /keys http/1.1\r\n"), "{head}");
    assert!(
        !head.contains("authorization") && !head.contains("cookie"),
        "{head}"
    );
}

#[tokio::test]
async fn warming_up_fetches_ahead() {
    let (endpoint, subject) = start(Answer::keys(&keys(&[("a", &EC)]), 600)).await;
    subject.authenticator.warm_up().await;
    subject.bearer(&by("a", &EC)).await.unwrap();
    assert_eq!(endpoint.count(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_and_a_withdrawn_key_is_dropped() {
    let (endpoint, subject) = start(Answer::keys(&keys(&[("a", &EC)]), 600)).await;
    subject.bearer(&by("a", &EC)).await.unwrap();
    endpoint.answer(Answer::keys(&keys(&[("a", &EC), ("b", &EC_OTHER)]), 600));
    assert_eq!(
        subject.bearer(&by("b", &EC_OTHER)).await,
        Err(UNKNOWN),
        "asked less than 30 s ago"
    );
    subject.clock.advance(30);
    subject.bearer(&by("b", &EC_OTHER)).await.unwrap();
    subject.bearer(&by("a", &EC)).await.unwrap();
    assert_eq!(endpoint.count(), 2);
    endpoint.answer(Answer::keys(&keys(&[("b", &EC_OTHER)]), 600));
    subject.clock.advance(600);
    assert_eq!(subject.bearer(&by("a", &EC)).await, Err(UNKNOWN));
    subject.bearer(&by("b", &EC_OTHER)).await.unwrap();
    endpoint.answer(Answer::keys(&keys(&[]), 600));
    subject.clock.advance(600);
    assert_eq!(
        subject.bearer(&by("b", &EC_OTHER)).await,
        Err(UNKNOWN),
        "an emptied set is believed"
    );
}

#[tokio::test]
async fn a_flood_of_unknown_keys_causes_one_fetch_in_thirty_seconds() {
    let (endpoint, subject) = start(Answer::keys(&keys(&[("a", &EC)]), 3600)).await;
    subject.bearer(&by("a", &EC)).await.unwrap();
    for expected in [1, 2, 3] {
        let mut flood = JoinSet::new();
        for number in 0..200 {
            let (authenticator, id) = (
                subject.authenticator.clone(),
                format!("x{expected}-{number}"),
            );
            let value = format!("Bearer {}", by(&id, &EC_OTHER));
            flood.spawn(async move { authenticator.authenticate(Some(&value)).await });
        }
        for outcome in flood.join_all().await {
            assert_eq!(outcome, Err(UNKNOWN));
        }
        subject.bearer(&by("a", &EC)).await.unwrap();
        assert_eq!(endpoint.count(), expected);
        subject.clock.advance(30);
    }
}

#[tokio::test]
async fn a_bad_signature_or_header_causes_no_fetch() {
    let (endpoint, subject) = start(Answer::keys(&keys(&[("a", &EC)]), 3600)).await;
    subject.bearer(&by("a", &EC)).await.unwrap();
    subject.clock.advance(60);
    for token in [
        by("a", &EC_OTHER),
        lasting().header("alg", "none").sign(&EC),
        "a.b.c".to_owned(),
    ] {
        assert!(matches!(
            subject.bearer(&token).await,
            Err(Refusal::Invalid(_))
        ));
    }
    assert_eq!(endpoint.count(), 1);
}

#[tokio::test]
async fn many_first_requests_share_one_fetch() {
    let gate = Arc::new(Semaphore::new(0));
    let (endpoint, subject) = start(Answer::keys(&keys(&[("a", &EC)]), 600).after(&gate)).await;
    let mut requests = JoinSet::new();
    for _ in 0..50 {
        let (authenticator, value) = (
            subject.authenticator.clone(),
            format!("Bearer {}", by("a", &EC)),
        );
        requests.spawn(async move { authenticator.authenticate(Some(&value)).await });
    }
    endpoint.arrived(1).await;
    gate.add_permits(50);
    for outcome in requests.join_all().await {
        outcome.unwrap();
    }
    assert_eq!(endpoint.count(), 1);
}

#[tokio::test]
async fn stale_keys_serve_while_somebody_else_fetches() {
    let gate = Arc::new(Semaphore::new(0));
    let (endpoint, subject) = start(Answer::keys(&keys(&[("a", &EC)]), 60)).await;
    subject.bearer(&by("a", &EC)).await.unwrap();
    endpoint.answer(Answer::keys(&keys(&[("a", &EC)]), 60).after(&gate));
    subject.clock.advance(60);
    let (authenticator, value) = (
        subject.authenticator.clone(),
        format!("Bearer {}", by("a", &EC)),
    );
    let fetching = tokio::spawn(async move { authenticator.authenticate(Some(&value)).await });
    endpoint.arrived(2).await;
    timeout(SOON, subject.bearer(&by("a", &EC)))
        .await
        .expect("nobody waits")
        .unwrap();
    gate.add_permits(1);
    fetching.await.unwrap().unwrap();
    assert_eq!(endpoint.count(), 2);
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_cancel_the_fetch() {
    let gate = Arc::new(Semaphore::new(0));
    let (endpoint, subject) = start(Answer::keys(&keys(&[("a", &EC)]), 600).after(&gate)).await;
    let (authenticator, value) = (
        subject.authenticator.clone(),
        format!("Bearer {}", by("a", &EC)),
    );
    let gone = tokio::spawn(async move { authenticator.authenticate(Some(&value)).await });
    endpoint.arrived(1).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    gate.add_permits(1);
    subject.bearer(&by("a", &EC)).await.unwrap();
    assert_eq!(endpoint.count(), 1);
}
