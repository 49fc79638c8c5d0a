//! The key file: read again when it changes, looked at every 30 seconds at most, and served stale when it is spoilt.

use std::{
    fs::{self, File},
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};

use super::support::*;
use crate::auth::Refusal;

fn keys(id: &str, signer: &Signer) -> Value {
    json!({ "keys": [signer.jwk(id)] })
}

fn by(id: &str, signer: &Signer) -> String {
    Draft::good()
        .claim("exp", NOW + 100_000)
        .header("kid", id)
        .sign(signer)
}

/// Writes the file with a modification time of its own, however fast the test is.
fn write(subject: &Subject, text: &str, modified: u64) {
    let path = subject.file.as_ref().unwrap().path();
    fs::write(path, text).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(modified);
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(time)
        .unwrap();
}

#[tokio::test]
async fn a_changed_file_is_read_again() {
    let subject = Subject::with_keys(&keys("a", &EC), &[]);
    subject.bearer(&by("a", &EC)).await.unwrap();
    write(&subject, &keys("b", &EC_OTHER).to_string(), 1_000_000);
    subject.bearer(&by("a", &EC)).await.unwrap();
    assert!(
        subject.bearer(&by("b", &EC_OTHER)).await.is_err(),
        "looked at less than 30 s ago"
    );
    subject.clock.advance(30);
    subject.bearer(&by("b", &EC_OTHER)).await.unwrap();
    assert_eq!(
        subject.bearer(&by("a", &EC)).await,
        Err(Refusal::Invalid("the key of the token is not known"))
    );
}

#[tokio::test]
async fn a_file_of_the_same_time_and_size_is_not_read_again() {
    let subject = Subject::with_keys(&keys("a", &EC), &[]);
    write(&subject, &keys("b", &EC_OTHER).to_string(), 1_000_000);
    subject.clock.advance(30);
    subject.bearer(&by("b", &EC_OTHER)).await.unwrap();
    write(&subject, &keys("c", &EC).to_string(), 1_000_000);
    subject.clock.advance(30);
    subject.bearer(&by("b", &EC_OTHER)).await.unwrap();
}

#[tokio::test]
async fn an_unchanged_file_is_good_for_ever() {
    let subject = Subject::with_keys(&keys("a", &EC), &[]);
    for _ in 0..20 {
        subject.clock.advance(4000);
        subject.bearer(&by("a", &EC)).await.unwrap();
    }
}

#[tokio::test]
async fn a_spoilt_file_leaves_the_keys_for_an_hour() {
    for text in ["{", "", r#"{"keys":[}"#, &"x".repeat(65 * 1024)] {
        let subject = Subject::with_keys(&keys("a", &EC), &[]);
        write(&subject, text, 1_000_000);
        subject.clock.advance(30);
        subject.bearer(&by("a", &EC)).await.unwrap();
        subject.clock.advance(3599);
        subject.bearer(&by("a", &EC)).await.unwrap();
        subject.clock.advance(1);
        assert_eq!(
            subject.bearer(&by("a", &EC)).await,
            Err(Refusal::Unavailable)
        );
        write(&subject, &keys("a", &EC).to_string(), 2_000_000);
        subject.clock.advance(30);
        subject.bearer(&by("a", &EC)).await.unwrap();
    }
}

#[tokio::test]
async fn a_removed_file_leaves_the_keys_for_an_hour() {
    let mut subject = Subject::with_keys(&keys("a", &EC), &[]);
    subject.file.take().unwrap().close().unwrap();
    subject.clock.advance(3629);
    subject.bearer(&by("a", &EC)).await.unwrap();
    subject.clock.advance(1);
    assert_eq!(
        subject.bearer(&by("a", &EC)).await,
        Err(Refusal::Unavailable)
    );
}
