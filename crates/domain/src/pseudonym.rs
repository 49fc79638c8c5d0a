//! Keyed hashes of people for logs: the same person gives the same short text under one key, and nobody without the
//! key can tell who it is. Clear ids stand in the audit table only.

use std::fmt::{self, Write as _};

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};

/// Makes pseudonyms under one key (HMAC-SHA-256, RFC 2104, first 64 bits).
#[derive(Clone)]
pub struct Pseudonyms(SecretString);

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms([redacted])")
    }
}

impl Pseudonyms {
    /// Takes the key.
    #[must_use]
    pub const fn new(key: SecretString) -> Self {
        Self(key)
    }

    /// Gives the 16 hexadecimal digits that stand for a person.
    ///
    /// # Panics
    /// Never: HMAC takes a key of any length.
    #[must_use]
    pub fn of(&self, person: &str) -> String {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(self.0.expose_secret().as_bytes())
            .expect("HMAC takes any key");
        mac.update(person.as_bytes());
        let digest = mac.finalize().into_bytes();
        digest
            .iter()
            .take(8)
            .fold(String::with_capacity(16), |mut text, byte| {
                // Writing to a String cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_gives_one_pseudonym_and_another_key_another() {
        let (a, b) = (Pseudonyms::new("k1".into()), Pseudonyms::new("k2".into()));
        assert_eq!(a.of("p"), a.of("p"));
        assert_ne!(a.of("p"), b.of("p"));
        assert_ne!(a.of("p"), a.of("q"));
        assert_eq!(a.of("p").len(), 16);
    }
}
