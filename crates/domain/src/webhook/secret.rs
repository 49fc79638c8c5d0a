//! The secret that signs deliveries to one receiver.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};

/// What a symmetric secret begins with.
const PREFIX: &str = "whsec_";

/// How many random bytes a new secret has. The specification allows 24 to 64.
const BYTES: usize = 32;

/// A secret of the Standard Webhooks specification: `whsec_` and 24 to 64 bytes in base64.
#[derive(Clone)]
pub struct Secret(SecretString);

/// A text that is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a secret: whsec_ and 24 to 64 bytes in base64 are expected")]
pub struct InvalidSecret;

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl Secret {
    /// Makes a new one from the operating system's randomness.
    ///
    /// # Panics
    /// When the operating system has none: nothing else would be safe.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        Self(format!("{PREFIX}{}", BASE64_STANDARD.encode(bytes)).into())
    }

    /// Takes the text that a row holds.
    ///
    /// # Errors
    /// It is no secret.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidSecret)?;
        let bytes = BASE64_STANDARD.decode(encoded).map_err(|_| InvalidSecret)?;
        if (24..=64).contains(&bytes.len()) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidSecret)
        }
    }

    /// Gives the text, for the row, for the operator who registers, and for signing.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_secret_reads_back_and_is_nobody_elses() {
        let (one, other) = (Secret::random(), Secret::random());
        assert_eq!(one.reveal().len(), PREFIX.len() + 44);
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(Secret::parse(one.reveal()).unwrap().reveal(), one.reveal());
        assert_eq!(format!("{one:?}"), "Secret([redacted])");
    }

    #[test]
    fn short_and_foreign_texts_are_no_secrets() {
        let encode = |bytes: usize| format!("{PREFIX}{}", BASE64_STANDARD.encode(vec![7; bytes]));
        assert!(Secret::parse(&encode(24)).is_ok() && Secret::parse(&encode(64)).is_ok());
        for text in [
            encode(23),
            encode(65),
            "whsec_%".into(),
            encode(32)[1..].into(),
        ] {
            assert_eq!(Secret::parse(&text).unwrap_err(), InvalidSecret);
        }
    }
}
