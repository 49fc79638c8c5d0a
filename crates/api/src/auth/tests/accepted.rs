//! Tokens that are accepted, and what is read from them.

use bulk_export_domain::policy::{PatientId, Role};
use serde_json::{Value, json};

use super::support::*;

const EVERY: &[(&str, &str)] = &[(
    "AUTH_ALGORITHMS",
    "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA",
)];

#[tokio::test]
async fn every_public_key_algorithm_that_is_allowed_is_accepted() {
    let subject = Subject::with_keys(&key_set(), EVERY);
    let cases: [(&str, &str, &Signer); 9] = [
        ("RS256", "rsa", &RSA),
        ("RS384", "rsa", &RSA),
        ("RS512", "rsa", &RSA),
        ("PS256", "rsa", &RSA),
        ("PS384", "rsa", &RSA),
        ("PS512", "rsa", &RSA),
        ("ES256", "ec", &EC),
        ("ES384", "ec384", &EC384),
        ("EdDSA", "ed", &ED),
    ];
    for (algorithm, key, signer) in cases {
        let requester = subject
            .bearer(&Draft::good().by(algorithm, key).sign(signer))
            .await
            .unwrap();
        assert_eq!(
            (requester.id.as_str(), requester.role),
            ("canary-user", Role::Admin),
            "{algorithm}"
        );
    }
}

#[tokio::test]
async fn the_defaults_accept_the_four_algorithms_of_smart_and_openid_issuers() {
    let subject = Subject::with_keys(&key_set(), &[]);
    let cases: [(&str, &str, &Signer); 4] = [
        ("RS256", "rsa", &RSA),
        ("RS384", "rsa", &RSA),
        ("ES256", "ec", &EC),
        ("ES384", "ec384", &EC384),
    ];
    for (algorithm, key, signer) in cases {
        subject
            .bearer(&Draft::good().by(algorithm, key).sign(signer))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_development_secret_accepts_hmac() {
    let signer = Signer::Hmac(SECRET.to_vec());
    let subject = Subject::with_secret(&[]);
    subject
        .bearer(&Draft::good().header("alg", "HS256").sign(&signer))
        .await
        .unwrap();
    subject
        .bearer(
            &Draft::good()
                .header("alg", "HS256")
                .without_header("kid")
                .sign(&signer),
        )
        .await
        .unwrap();
    let subject = Subject::with_secret(&[("AUTH_ALGORITHMS", "HS384,HS512")]);
    for algorithm in ["HS384", "HS512"] {
        subject
            .bearer(&Draft::good().header("alg", algorithm).sign(&signer))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_token_without_a_key_id_is_accepted_where_one_key_fits() {
    let subject = Subject::with_keys(&key_set(), &[]);
    for (algorithm, signer) in [("RS256", &*RSA), ("ES384", &*EC384)] {
        let draft = Draft::good().header("alg", algorithm).without_header("kid");
        subject.bearer(&draft.sign(signer)).await.unwrap();
    }
}

#[tokio::test]
async fn harmless_variants_are_accepted() {
    let good = Draft::good();
    let variants = [
        good.clone().without_header("typ"),
        good.clone().header("typ", "jwt"),
        good.clone().header("typ", "at+jwt"),
        good.clone().header("typ", "application/AT+JWT"),
        good.clone().header("jku", "https://attacker.example/keys"),
        good.clone().header("x5t", "thumbprint"),
        good.clone().header("something", json!({"new": true})),
        good.clone().claim("aud", json!(["other", AUDIENCE])),
        good.clone().claim("aud", json!([AUDIENCE])),
        good.clone().without_claim("nbf").without_claim("iat"),
        good.clone().claim("exp", json!(1_800_000_100.75)),
        good.clone().claim("exp", NOW - 29),
        good.clone().claim("nbf", NOW + 30),
        good.clone().claim("iat", NOW + 30),
        good.clone().claim("exp", u64::MAX),
        good.clone().claim("sub", "Jürgen \u{1f980}"),
        good.clone().claim("sub", "x".repeat(256)),
        good.clone().claim("jti", "1").claim("scope", "system/*.rs"),
    ];
    let subject = Subject::with_keys(&key_set(), &[]);
    for draft in variants {
        let outcome = subject.bearer(&draft.sign(&EC)).await;
        assert!(
            outcome.is_ok(),
            "{} {}: {outcome:?}",
            draft.header,
            draft.claims
        );
    }
}

#[tokio::test]
async fn the_scheme_is_read_in_any_case() {
    let subject = Subject::with_keys(&key_set(), &[]);
    let token = Draft::good().sign(&EC);
    for value in [
        format!("bearer {token}"),
        format!("BEARER {token}"),
        format!("Bearer   {token}"),
    ] {
        subject
            .authenticator
            .authenticate(Some(&value))
            .await
            .unwrap();
    }
}

async fn role_of(claim_name: &str, draft: Draft) -> Role {
    let subject = Subject::with_keys(&key_set(), &[("AUTH_ROLE_CLAIM", claim_name)]);
    subject.bearer(&draft.sign(&EC)).await.unwrap().role
}

#[tokio::test]
async fn the_role_is_read_from_the_claim_that_is_configured() {
    let bare = Draft::good().without_claim("role");
    let realm = bare.clone().claim(
        "realm_access",
        json!({"roles": ["offline_access", "PATIENT"]}),
    );
    assert_eq!(role_of("realm_access.roles", realm).await, Role::Patient);
    let url = "https://platform.example/claims/role";
    assert_eq!(
        role_of(url, bare.clone().claim(url, "ADMIN")).await,
        Role::Admin
    );
    assert_eq!(
        role_of("role", bare.clone().claim("role", json!(["PATIENT"]))).await,
        Role::Patient
    );
    assert_eq!(
        role_of(
            "role",
            bare.clone().claim("role", json!(["ADMIN", "ADMIN"]))
        )
        .await,
        Role::Admin
    );
    // The whole name wins over the path.
    let both = bare
        .claim("a.b", "PATIENT")
        .claim("a", json!({"b": "ADMIN"}));
    assert_eq!(role_of("a.b", both).await, Role::Patient);
}

#[tokio::test]
async fn the_patient_is_read_from_the_claim_that_is_configured() {
    let draft = Draft::good()
        .claim("role", "PATIENT")
        .claim("sub", "Patient/p1")
        .claim("launch", json!({"patient": "p2"}));
    let cases = [
        ("sub", Some("p1")),
        ("launch.patient", Some("p2")),
        ("launch", None),
        ("patient", None),
        ("exp", None),
    ];
    for (claim, expected) in cases {
        let subject = Subject::with_keys(&key_set(), &[("AUTH_PATIENT_CLAIM", claim)]);
        let requester = subject.bearer(&draft.sign(&EC)).await.unwrap();
        assert_eq!(
            requester.patient,
            expected.and_then(PatientId::from_claim),
            "{claim}"
        );
        assert_eq!(requester.id, "Patient/p1");
    }
}

#[tokio::test]
async fn a_patient_claim_that_is_no_usable_text_names_nobody() {
    let unusable = [
        json!(""),
        json!(7),
        json!(null),
        json!(["p1"]),
        json!("p\u{0}"),
        json!("p".repeat(257)),
        json!("Patient/"),
    ];
    let subject = Subject::with_keys(&key_set(), &[("AUTH_PATIENT_CLAIM", "patient")]);
    for claim in unusable {
        let draft = Draft::good()
            .claim("role", "PATIENT")
            .claim("patient", Value::clone(&claim));
        assert_eq!(
            subject.bearer(&draft.sign(&EC)).await.unwrap().patient,
            None,
            "{claim}"
        );
    }
}
