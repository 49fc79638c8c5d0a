//! Nothing of the corpus gets through, each is refused as it must be, and nothing panics.

use super::{
    corpus::{self, Expected},
    support::*,
};
use crate::auth::Refusal;

#[tokio::test]
async fn the_whole_corpus_is_refused() {
    let subject = Subject::with_keys(&key_set(), &[]);
    subject
        .bearer(&Draft::good().sign(&EC))
        .await
        .expect("the token that the corpus changes is good");
    let cases = corpus::cases();
    assert!(cases.len() >= 400, "only {} cases", cases.len());
    for case in cases {
        let outcome = subject
            .authenticator
            .authenticate(case.authorization.as_deref())
            .await;
        let refusal = outcome.expect_err(&case.name);
        assert!(
            case.expected.matches(refusal),
            "{}: {refusal:?}, not {:?}",
            case.name,
            case.expected
        );
    }
}

#[tokio::test]
async fn the_whole_corpus_is_refused_where_a_shared_secret_is_used() {
    let subject = Subject::with_secret(&[("AUTH_ALGORITHMS", "HS256,HS384,HS512")]);
    for case in corpus::cases() {
        let outcome = subject
            .authenticator
            .authenticate(case.authorization.as_deref())
            .await;
        // Among the wrong secrets of the corpus is the one that is right here.
        if case.name.contains("with public secret 11 ") {
            outcome.expect(&case.name);
            continue;
        }
        let refusal = outcome.expect_err(&case.name);
        let expected = if case.expected == Expected::Forbidden {
            Expected::Invalid
        } else {
            case.expected
        };
        assert!(
            expected.matches(refusal),
            "{}: {refusal:?}, not {expected:?}",
            case.name
        );
    }
}

#[tokio::test]
async fn only_the_configured_hmac_is_accepted_with_the_secret() {
    let subject = Subject::with_secret(&[]);
    let signer = Signer::Hmac(SECRET.to_vec());
    for algorithm in ["HS384", "HS512", "none", "ES256", "RS256"] {
        let outcome = subject
            .bearer(&Draft::good().header("alg", algorithm).sign(&signer))
            .await;
        assert!(matches!(outcome, Err(Refusal::Invalid(_))), "{algorithm}");
    }
    for wrong in [&SECRET[1..], b"", &[SECRET, b"x"].concat()] {
        let outcome = subject
            .bearer(
                &Draft::good()
                    .header("alg", "HS256")
                    .sign(&Signer::Hmac(wrong.to_vec())),
            )
            .await;
        assert!(matches!(outcome, Err(Refusal::Invalid(_))));
    }
}

#[tokio::test]
async fn a_token_is_good_until_its_expiry_and_the_leeway_are_over() {
    let subject = Subject::with_secret(&[("AUTH_LEEWAY", "10s")]);
    let token = Draft::good()
        .header("alg", "HS256")
        .sign(&Signer::Hmac(SECRET.to_vec()));
    subject.clock.advance(309);
    subject.bearer(&token).await.unwrap();
    subject.clock.advance(1);
    assert_eq!(
        subject.bearer(&token).await,
        Err(Refusal::Invalid("the token has expired"))
    );
}

#[tokio::test]
async fn without_leeway_the_expiry_is_exact() {
    let subject = Subject::with_secret(&[("AUTH_LEEWAY", "0s")]);
    let token = Draft::good()
        .header("alg", "HS256")
        .sign(&Signer::Hmac(SECRET.to_vec()));
    subject.clock.advance(299);
    subject.bearer(&token).await.unwrap();
    subject.clock.advance(1);
    assert_eq!(
        subject.bearer(&token).await,
        Err(Refusal::Invalid("the token has expired"))
    );
}

#[tokio::test]
async fn every_challenge_is_a_well_formed_header() {
    let subject = Subject::with_keys(&key_set(), &[]);
    for case in corpus::cases() {
        let refusal = subject
            .authenticator
            .authenticate(case.authorization.as_deref())
            .await
            .expect_err(&case.name);
        let challenge = refusal.www_authenticate().expect("a challenge");
        assert!(
            challenge.starts_with("Bearer realm=\"fhir-bulk-export\""),
            "{challenge}"
        );
        assert!(
            challenge
                .bytes()
                .all(|byte| (b' '..=b'~').contains(&byte) && byte != b'\\'),
            "{challenge}"
        );
        assert_eq!(challenge.matches('"').count() % 2, 0, "{challenge}");
        assert_eq!(
            challenge.contains("error="),
            case.expected != Expected::Missing,
            "{challenge}"
        );
    }
}
