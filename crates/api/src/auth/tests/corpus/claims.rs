//! Tokens with a good signature and claims that do not hold.

use serde_json::{Value, json};

use super::{AUDIENCE, Case, Draft, EC, ISSUER, NOW, sign_raw};

fn claim(name: &str, value: &Value) -> Case {
    Case::invalid(
        format!("{name} {value}"),
        Draft::good().claim(name, value.clone()).sign(&EC),
    )
}

fn without(name: &str) -> Case {
    Case::invalid(
        format!("no {name}"),
        Draft::good().without_claim(name).sign(&EC),
    )
}

pub(super) fn issuer_and_audience() -> Vec<Case> {
    let issuers = [
        json!(format!("{ISSUER}/")),
        json!(ISSUER.to_uppercase()),
        json!(ISSUER.replace("https", "http")),
        json!(format!("{ISSUER} ")),
        json!(&ISSUER[..ISSUER.len() - 1]),
        json!("https://attacker.example"),
        json!([ISSUER]),
        json!([ISSUER, "https://attacker.example"]),
        json!(""),
        json!(null),
        json!(1),
        json!({ "iss": ISSUER }),
    ];
    let audiences = [
        json!(format!("{AUDIENCE}/")),
        json!(AUDIENCE.to_uppercase()),
        json!(&AUDIENCE[..AUDIENCE.len() - 1]),
        json!(format!("{AUDIENCE} other")),
        json!("https://other.example"),
        json!(["https://other.example"]),
        json!([]),
        json!([[AUDIENCE]]),
        json!([AUDIENCE, 1]),
        json!([null]),
        json!({ AUDIENCE: true }),
        json!(""),
        json!("*"),
        json!(null),
        json!(1),
    ];
    let mut cases = vec![without("iss"), without("aud")];
    cases.extend(issuers.iter().map(|value| claim("iss", value)));
    cases.extend(audiences.iter().map(|value| claim("aud", value)));
    cases
}

pub(super) fn times() -> Vec<Case> {
    let mut cases = vec![without("exp")];
    let past = [
        json!(NOW - 30),
        json!(NOW - 31),
        json!(NOW - 86_400),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(-1e300),
    ];
    cases.extend(past.iter().map(|value| claim("exp", value)));
    let future = [
        json!(NOW + 31),
        json!(NOW + 86_400),
        json!(u64::MAX),
        json!(1e300),
    ];
    let no_time = [
        json!("1900000000"),
        json!("2099-01-01T00:00:00Z"),
        json!(null),
        json!(true),
        json!([NOW + 300]),
        json!({}),
        json!(""),
    ];
    for name in ["nbf", "iat"] {
        cases.extend(future.iter().map(|value| claim(name, value)));
    }
    for name in ["exp", "nbf", "iat"] {
        cases.extend(no_time.iter().map(|value| claim(name, value)));
    }
    cases
}

pub(super) fn subjects() -> Vec<Case> {
    let unusable = [
        json!(""),
        json!(null),
        json!(1),
        json!(["canary-user"]),
        json!({"id": "canary-user"}),
        json!(true),
        json!("x".repeat(257)),
        json!("a\u{0}b"),
        json!("a\nb"),
        json!("a\r\nb"),
        json!("a\tb"),
        json!("\u{7f}"),
        json!("\u{85}"),
        json!("\u{1b}[31m"),
    ];
    let mut cases = vec![without("sub")];
    cases.extend(unusable.iter().map(|value| claim("sub", value)));
    cases
}

/// Payloads that are no claims at all, with a good signature.
pub(super) fn documents() -> Vec<Case> {
    let good = Draft::good();
    let (header, claims) = (good.header.to_string(), good.claims.to_string());
    let inner = good.sign(&EC);
    let texts: [Vec<u8>; 14] = [
        b"".to_vec(),
        b"{".to_vec(),
        b"[]".to_vec(),
        b"null".to_vec(),
        b"1".to_vec(),
        b"\"claims\"".to_vec(),
        inner.into_bytes(),
        format!("[{claims}]").into_bytes(),
        format!("{claims}{claims}").into_bytes(),
        claims.replacen('{', "{\"sub\":\"other\",", 1).into_bytes(),
        claims
            .replacen('{', "{\"role\":\"PATIENT\",", 1)
            .into_bytes(),
        claims.replacen('{', "{\"x\":1e999,", 1).into_bytes(),
        [b"{\"x\":\"\xff\",", &claims.as_bytes()[1..]].concat(),
        claims
            .replacen(
                '{',
                &format!("{{\"x\":{}{},", "[".repeat(200), "]".repeat(200)),
                1,
            )
            .into_bytes(),
    ];
    let case = |(at, text): (usize, Vec<u8>)| {
        Case::invalid(
            format!("document {at}"),
            sign_raw(&header, text, &EC, "ES256"),
        )
    };
    texts.into_iter().enumerate().map(case).collect()
}

/// Good tokens without exactly one role of ours.
pub(super) fn roles() -> Vec<Case> {
    let roles = [
        json!("PRACTITIONER"),
        json!("admin"),
        json!("Patient"),
        json!("ADMIN "),
        json!(" ADMIN"),
        json!("ADMIN PATIENT"),
        json!("ADMIN,PATIENT"),
        json!("ROLE_ADMIN"),
        json!("SUPERADMIN"),
        json!(""),
        json!(null),
        json!(1),
        json!(true),
        json!({"ADMIN": true}),
        json!([]),
        json!([""]),
        json!(["PRACTITIONER"]),
        json!(["ADMIN", "PATIENT"]),
        json!(["PATIENT", "PRACTITIONER", "ADMIN"]),
        json!(["ADMIN", 1]),
        json!(["ADMIN", null]),
        json!([["ADMIN"]]),
        json!([{"role": "ADMIN"}]),
        json!("\u{410}DMIN"),
    ];
    let case = |role: &Value| {
        Case::forbidden(
            format!("role {role}"),
            Draft::good().claim("role", role.clone()).sign(&EC),
        )
    };
    let mut cases: Vec<_> = roles.iter().map(case).collect();
    cases.push(Case::forbidden(
        "no role",
        Draft::good().without_claim("role").sign(&EC),
    ));
    cases.push(Case::forbidden(
        "a role elsewhere",
        Draft::good()
            .without_claim("role")
            .claim("roles", "ADMIN")
            .sign(&EC),
    ));
    cases
}
