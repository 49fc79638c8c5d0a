//! Tokens of the development secret, made here and not by the code under test.

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

/// The secret that the servers under test share with us.
pub const SECRET: &str = "integration-tests-secret-of-at-least-32-bytes";
/// Who issues the tokens.
pub const ISSUER: &str = "https://issuer.test";
/// Whom they are for.
pub const AUDIENCE: &str = "fhir-bulk-export-tests";

/// Gives the claims of a token that is valid for ten minutes.
pub fn claims(subject: &str, role: &str) -> Value {
    let now = chrono::Utc::now().timestamp();
    json!({"sub": subject, "role": role, "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600})
}

/// Signs claims with a secret.
pub fn sign(claims: &Value, secret: &str) -> String {
    encode(
        &Header::default(),
        claims,
        &EncodingKey::from_secret(secret.as_bytes()),
    )
    .expect("claims can be signed")
}

/// Gives a valid token.
pub fn token(subject: &str, role: &str) -> String {
    sign(&claims(subject, role), SECRET)
}
