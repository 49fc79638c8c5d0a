//! Keys, tokens and people appear in no `Debug` output, no log and no challenge.

use std::{
    io,
    sync::{Arc, Mutex},
};

use bulk_export_domain::config::Variables;
use serde_json::json;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use super::{corpus, support::*};
use crate::auth::{Config, keys::KeySet, token::Token};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_token_and_nobody_is_named_in_the_log() {
    // With a single subscriber, `tracing` asks whichever thread comes first whether anybody listens, and remembers no.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("trace"))
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let subject = Subject::with_keys(&key_set(), &[]);
    subject.bearer(&Draft::good().sign(&EC)).await.unwrap();
    for case in corpus::cases() {
        subject
            .authenticator
            .authenticate(case.authorization.as_deref())
            .await
            .unwrap_err();
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("a request was not authenticated"),
        "the log is watched"
    );
    let good = Draft::good();
    let segments = [
        encode(good.header.to_string()),
        encode(good.claims.to_string()),
    ];
    for canary in [
        "canary",
        "eyJ",
        segments[0].as_str(),
        segments[1].as_str(),
        "attacker",
    ] {
        assert!(!log.contains(canary), "{canary}");
    }
}

#[test]
fn debug_shows_no_key_and_no_token() {
    let secret = "canary-secret-that-is-32-bytes-long";
    let base = "http://localhost".parse().unwrap();
    let read = |mut variables: Variables| Config::read(&mut variables, Some(&base)).unwrap();
    let config = read(variables(&[("AUTH_DEV_SECRET", secret)]));
    let text = format!("{config:?}");
    assert!(!text.contains("canary"), "{text}");
    let text = format!("{:?}", crate::auth::Authenticator::new(config).unwrap());
    assert!(!text.contains("canary"), "{text}");

    let subject = Subject::with_keys(&key_set(), &[]);
    let path = subject.file.as_ref().unwrap().path().to_str().unwrap();
    let config = read(variables(&[("AUTH_JWKS_FILE", path)]));
    let set = KeySet::parse(
        json!({ "keys": [EC.jwk("canary")] }).to_string().as_bytes(),
        &config.algorithms,
    )
    .unwrap();
    let token = Draft::good().header("kid", "canary").sign(&EC);
    let text = format!(
        "{config:?} {set:?} {:?} {:?}",
        Token::parse(&token).unwrap(),
        subject.authenticator
    );
    let modulus = encode(RSA.public());
    for secret in ["canary", "eyJ", &modulus, &token] {
        assert!(!text.contains(secret), "{text}");
    }
}
