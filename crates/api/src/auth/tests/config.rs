//! The `AUTH_*` variables: every problem is found at once and named, and no secret is repeated.

use bulk_export_domain::config::{Problems, Variables};
use serde_json::json;
use tempfile::NamedTempFile;
use url::Url;

use super::support::*;
use crate::auth::Config;

const URL: (&str, &str) = ("AUTH_JWKS_URL", "https://issuer.example/keys");
const DEV: (&str, &str) = ("AUTH_DEV_SECRET", "canary-secret-that-is-32-bytes-long");

fn read(mut variables: Variables, base: &str) -> Result<Config, Problems> {
    let config = Config::read(&mut variables, Some(&Url::parse(base).unwrap()));
    variables
        .finish()
        .map(|()| config.expect("without a problem there is a configuration"))
}

fn names(more: &[(&str, &str)]) -> Vec<String> {
    let outcome = read(variables(more), "http://localhost:8080");
    outcome.err().map_or_else(Vec::new, |problems| {
        problems
            .0
            .into_iter()
            .map(|problem| problem.variable)
            .collect()
    })
}

#[test]
fn one_source_of_keys_is_enough() {
    assert_eq!(names(&[URL]), [""; 0]);
    assert_eq!(names(&[DEV]), [""; 0]);
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let problems = read(Variables::new([]), "http://localhost").unwrap_err();
    let names: Vec<_> = problems
        .0
        .iter()
        .map(|problem| problem.variable.as_str())
        .collect();
    assert_eq!(names, ["AUTH_JWKS_URL", "AUTH_ISSUER", "AUTH_AUDIENCE"]);
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let wrong = [
        ("AUTH_JWKS_URL", "ftp://issuer.example"),
        ("AUTH_ALGORITHMS", "none"),
        ("AUTH_ISSUER", " https://issuer.example"),
        ("AUTH_AUDIENCE", "a\nb"),
        ("AUTH_ROLE_CLAIM", "role "),
        ("AUTH_PATIENT_CLAIM", "\t"),
        ("AUTH_LEEWAY", "61s"),
    ];
    let expected = [
        "AUTH_ALGORITHMS",
        "AUTH_ISSUER",
        "AUTH_AUDIENCE",
        "AUTH_ROLE_CLAIM",
        "AUTH_PATIENT_CLAIM",
        "AUTH_LEEWAY",
        "AUTH_JWKS_URL",
    ];
    assert_eq!(names(&wrong), expected);
}

#[test]
fn two_sources_of_keys_are_one_too_many() {
    assert_eq!(names(&[URL, DEV]), ["AUTH_JWKS_URL", "AUTH_DEV_SECRET"]);
    assert_eq!(
        names(&[URL, ("AUTH_JWKS_FILE", "/nowhere")]),
        ["AUTH_JWKS_URL", "AUTH_JWKS_FILE"]
    );
    assert_eq!(names(&[URL, ("AUTH_JWKS_FILE", "/nowhere"), DEV]).len(), 3);
}

#[test]
fn a_key_url_is_https_or_on_this_machine() {
    let good = [
        "https://issuer.example/keys",
        "https://issuer.example:8443/keys?p=policy",
        "http://localhost:8080/keys",
        "http://127.0.0.1/keys",
        "http://127.9.9.9/keys",
        "http://[::1]:80/keys",
    ];
    for url in good {
        assert_eq!(names(&[("AUTH_JWKS_URL", url)]), [""; 0], "{url}");
    }
    let bad = [
        "http://issuer.example/keys",
        "http://10.0.0.1/keys",
        "http://localhost.attacker.example/keys",
        "http://127.0.0.1.attacker.example/keys",
        "http://[::ffff:8.8.8.8]/keys",
        "https://user:pass@issuer.example/keys",
        "https://user@issuer.example/keys",
        "https://issuer.example/keys#fragment",
        "file:///etc/keys",
        "/keys",
        "issuer.example",
    ];
    for url in bad {
        assert_eq!(names(&[("AUTH_JWKS_URL", url)]), ["AUTH_JWKS_URL"], "{url}");
    }
}

#[test]
fn a_key_file_must_hold_a_usable_key() {
    let file = NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let outcome = |text: &str| {
        std::fs::write(path, text).unwrap();
        read(
            variables(&[("AUTH_JWKS_FILE", path)]),
            "https://export.example",
        )
        .err()
        .map(|problems| problems.to_string())
    };
    assert_eq!(outcome(&key_set().to_string()), None);
    let cases = [
        (String::new(), "it is not a JSON Web Key Set"),
        ("{}".to_owned(), "it is not a JSON Web Key Set"),
        (
            r#"{"keys":[]}"#.to_owned(),
            "it holds no usable key (no key was left out)",
        ),
        (
            json!({"keys": [ED.jwk("a")]}).to_string(),
            "it holds no usable key (key 1: it is for none of the allowed algorithms)",
        ),
        (
            json!({"keys": vec![EC.jwk("a"); 101]}).to_string(),
            "it holds more than 100 keys",
        ),
        (" ".repeat(70_000), "it is larger than 65536 bytes"),
    ];
    for (text, expected) in cases {
        let problem = outcome(&text).unwrap();
        assert!(
            problem.contains("AUTH_JWKS_FILE: cannot be used: ") && problem.contains(expected),
            "{problem}"
        );
    }
    assert_eq!(
        names(&[("AUTH_JWKS_FILE", "/nowhere/keys.json")]),
        ["AUTH_JWKS_FILE"]
    );
    assert_eq!(names(&[("AUTH_JWKS_FILE", "/")]), ["AUTH_JWKS_FILE"]);
}

#[test]
fn the_development_secret_is_long_and_stays_at_home() {
    for base in [
        "http://localhost:8080",
        "https://127.0.0.1",
        "http://[::1]/x",
    ] {
        read(variables(&[DEV]), base).unwrap();
    }
    let elsewhere = [
        "https://export.example",
        "http://10.0.0.1",
        "http://localhost.example",
        "http://0.0.0.0",
        "http://[::]",
    ];
    for base in elsewhere {
        let text = read(variables(&[DEV]), base).unwrap_err().to_string();
        assert!(
            text.contains("AUTH_DEV_SECRET: is refused") && !text.contains("canary"),
            "{text}"
        );
    }
    let short = read(
        variables(&[("AUTH_DEV_SECRET", "canary-of-31-bytes-is-too-short")]),
        "http://localhost",
    );
    let text = short.unwrap_err().to_string();
    assert!(
        text.contains("AUTH_DEV_SECRET: is too short") && !text.contains("canary"),
        "{text}"
    );
}

#[test]
fn without_a_base_url_the_development_secret_is_refused() {
    let mut variables = variables(&[DEV]);
    assert!(Config::read(&mut variables, None).is_none());
    variables.finish().unwrap_err();
}

#[test]
fn algorithms_fit_the_source_of_keys() {
    let public = [
        "RS256",
        "RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,EdDSA",
        " ES256 , ES384 ",
    ];
    for list in public {
        assert_eq!(names(&[URL, ("AUTH_ALGORITHMS", list)]), [""; 0], "{list}");
        assert_eq!(
            names(&[DEV, ("AUTH_ALGORITHMS", list)]),
            ["AUTH_ALGORITHMS"],
            "{list}"
        );
    }
    for list in ["HS256", "HS256,HS384,HS512"] {
        assert_eq!(names(&[DEV, ("AUTH_ALGORITHMS", list)]), [""; 0], "{list}");
        assert_eq!(
            names(&[URL, ("AUTH_ALGORITHMS", list)]),
            ["AUTH_ALGORITHMS"],
            "{list}"
        );
    }
    for list in [
        "none",
        "RS256,none",
        "RS256,HS256",
        "ES256,",
        ",",
        " ",
        "es256",
        "ES512",
        "RS256 ES256",
        "*",
    ] {
        assert_eq!(
            names(&[URL, ("AUTH_ALGORITHMS", list)]),
            ["AUTH_ALGORITHMS"],
            "{list}"
        );
        assert_eq!(
            names(&[DEV, ("AUTH_ALGORITHMS", list)]),
            ["AUTH_ALGORITHMS"],
            "{list}"
        );
    }
}

#[test]
fn the_leeway_is_at_most_a_minute() {
    for (leeway, good) in [
        ("0s", true),
        ("60s", true),
        ("1m", true),
        ("61s", false),
        ("1h", false),
        ("-1s", false),
        ("30", false),
    ] {
        assert_eq!(
            names(&[URL, ("AUTH_LEEWAY", leeway)]).is_empty(),
            good,
            "{leeway}"
        );
    }
}
