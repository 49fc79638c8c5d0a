//! A signed token (RFC 7515, compact form): taken apart, its header checked, and opened with a key.
//!
//! The claims can be had only by [`Token::open`], which verifies the signature first. `jsonwebtoken` does the
//! cryptography; header and claims are judged here, because its rules take the time from the system, a list of issuers
//! for an issuer, and a doubled member for its last value.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};

use super::{Refusal, claims::Claims, json};

/// Header parameters that carry or point to a key. A token that brings its own key gets no further. `jku` is not
/// among them: some issuers put it into every token. It is not looked at, like every parameter that is not named here.
const KEYS_IN_HEADER: [&str; 3] = ["jwk", "x5c", "x5u"];

/// The types of token that are accepted, where a token says its type (RFC 7519, section 5.1; RFC 9068, section 4).
const TYPES: [&str; 3] = ["JWT", "at+jwt", "application/at+jwt"];

/// A token whose header is in order and whose signature nobody has checked yet.
pub(super) struct Token<'a> {
    /// What the token says it is signed with. It is looked up in our list, never obeyed.
    pub(super) algorithm: Algorithm,
    /// The name of the key.
    pub(super) key_id: Option<String>,
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

impl<'a> Token<'a> {
    /// Takes a token apart and checks its header.
    pub(super) fn parse(token: &'a str) -> Result<Self, Refusal> {
        let mut segments = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) = (
            segments.next(),
            segments.next(),
            segments.next(),
            segments.next(),
        ) else {
            return Err(Refusal::Invalid("the token does not have three segments"));
        };
        let signed = &token[..header.len() + 1 + payload.len()];
        let header =
            decode(header).ok_or(Refusal::Invalid("the header of the token cannot be read"))?;
        let (algorithm, key_id) = read_header(&header)?;
        Ok(Self {
            algorithm,
            key_id,
            signed,
            payload,
            signature,
        })
    }

    /// Verifies the signature and gives the claims. The caller has chosen a key that is meant for the algorithm.
    pub(super) fn open(&self, key: &DecodingKey) -> Result<Claims, Refusal> {
        match jsonwebtoken::crypto::verify(
            self.signature,
            self.signed.as_bytes(),
            key,
            self.algorithm,
        ) {
            Ok(true) => decode(self.payload)
                .ok_or(Refusal::Invalid("the claims of the token cannot be read")),
            Ok(false) | Err(_) => Err(Refusal::Invalid("the signature of the token does not hold")),
        }
    }
}

fn decode(segment: &str) -> Option<Map<String, Value>> {
    json::object(&BASE64_URL_SAFE_NO_PAD.decode(segment).ok()?)
}

fn read_header(header: &Map<String, Value>) -> Result<(Algorithm, Option<String>), Refusal> {
    if header.contains_key("crit") {
        return Err(Refusal::Invalid(
            "the token demands an extension that is not supported",
        ));
    }
    if KEYS_IN_HEADER.iter().any(|name| header.contains_key(*name)) {
        return Err(Refusal::Invalid("the token brings its own key"));
    }
    let is_ours = |kind: &str| TYPES.iter().any(|ours| ours.eq_ignore_ascii_case(kind));
    match header.get("typ") {
        None => {}
        Some(Value::String(kind)) if is_ours(kind) => {}
        Some(_) => return Err(Refusal::Invalid("the token is not an access token")),
    }
    let key_id = match header.get("kid") {
        None => None,
        Some(Value::String(id)) => Some(id.clone()),
        Some(_) => return Err(Refusal::Invalid("the key id of the token is not a text")),
    };
    let algorithm = header
        .get("alg")
        .and_then(Value::as_str)
        .and_then(|name| name.parse().ok());
    let algorithm = algorithm.ok_or(Refusal::Invalid(
        "the algorithm of the token is not allowed",
    ))?;
    Ok((algorithm, key_id))
}
