//! The keys that tokens are verified with: a JSON Web Key Set (RFC 7517), and the development secret.
//!
//! Each key is bound to the algorithms that its type, its own `alg` and our list allow together; a key that is left
//! with none is not in the set. So a public key can never serve as an HMAC secret, nor a key of an encryption.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Refusal, claims::Claims, token::Token};

/// A larger set is refused as a whole.
const MOST_KEYS: usize = 100;

/// RSA moduli that are used, in bits. The upper bound is what the cryptography supports.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

const RSA_ALGORITHMS: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// One key and what it may verify.
pub(super) struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    verifier: DecodingKey,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([redacted])")
    }
}

/// The usable keys of a set.
pub(super) struct KeySet {
    keys: Vec<Key>,
    /// Positions in the set, from 1, and why the member there is not used.
    unusable: Vec<(usize, Unusable)>,
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySet({} keys, [redacted])", self.keys.len())
    }
}

/// Why a text is no key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidKeySet {
    #[error("it is not a JSON Web Key Set")]
    NotAKeySet,
    #[error("it holds more than {MOST_KEYS} keys")]
    TooManyKeys,
}

/// Why a member of a set is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    #[error("its parameters are malformed")]
    Malformed,
    #[error("it is not for signatures")]
    Purpose,
    #[error("its type or curve is not supported")]
    Type,
    #[error("its RSA modulus is shorter than 2048 or longer than 8192 bits")]
    RsaBits,
    #[error("it is for none of the allowed algorithms")]
    Algorithm,
}

/// Why a set has no key for a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// No key of that name, or none for the algorithm: a newer set may have it.
    Unknown,
    /// The token cannot be accepted with this set.
    Refused(&'static str),
}

/// The members of a JWK that matter here (RFC 7517, section 4; RFC 7518, section 6; RFC 8037, section 2).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a key set. A member that cannot be used is left out (RFC 7517, section 5).
    pub(super) fn parse(text: &[u8], allowed: &[Algorithm]) -> Result<Self, InvalidKeySet> {
        let object: Map<String, Value> =
            serde_json::from_slice(text).map_err(|_| InvalidKeySet::NotAKeySet)?;
        let members = object
            .get("keys")
            .and_then(Value::as_array)
            .ok_or(InvalidKeySet::NotAKeySet)?;
        if members.len() > MOST_KEYS {
            return Err(InvalidKeySet::TooManyKeys);
        }
        let mut set = Self {
            keys: Vec::new(),
            unusable: Vec::new(),
        };
        for (position, member) in (1..).zip(members) {
            match Key::from_jwk(member, allowed) {
                Ok(key) => set.keys.push(key),
                Err(reason) => set.unusable.push((position, reason)),
            }
        }
        Ok(set)
    }

    /// Counts the usable keys.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Says which members were left out and why, for the log and the operator.
    pub(super) fn unusable(&self) -> String {
        if self.unusable.is_empty() {
            return "no key was left out".to_owned();
        }
        let lines = self
            .unusable
            .iter()
            .map(|(position, reason)| format!("key {position}: {reason}"));
        lines.collect::<Vec<_>>().join(", ")
    }

    /// Finds the one key for a token: by its name, and without a name only where there is no choice.
    pub(super) fn select(&self, token: &Token<'_>) -> Result<&Key, Miss> {
        let named = |key: &&Key| token.key_id.is_none() || token.key_id == key.id;
        let mut named = self.keys.iter().filter(named).peekable();
        if named.peek().is_none() {
            return Err(Miss::Unknown);
        }
        let mut fitting = named.filter(|key| key.algorithms.contains(&token.algorithm));
        match (fitting.next(), fitting.next(), &token.key_id) {
            (Some(key), None, _) => Ok(key),
            (None, _, None) => Err(Miss::Unknown),
            (None, _, Some(_)) => Err(Miss::Refused(
                "the key of the token is not for its algorithm",
            )),
            (Some(_), Some(_), None) => {
                Err(Miss::Refused("the token does not say which key it is for"))
            }
            (Some(_), Some(_), Some(_)) => {
                Err(Miss::Refused("the key id of the token is not unique"))
            }
        }
    }
}

impl Key {
    /// Takes the development secret.
    pub(super) fn shared(secret: &SecretString, algorithms: &[Algorithm]) -> Self {
        let verifier = DecodingKey::from_secret(secret.expose_secret().as_bytes());
        Self {
            id: None,
            algorithms: algorithms.to_vec(),
            verifier,
        }
    }

    /// Verifies a token and gives its claims.
    pub(super) fn open(&self, token: &Token<'_>) -> Result<Claims, Refusal> {
        if !self.algorithms.contains(&token.algorithm) {
            return Err(Refusal::Invalid(
                "the algorithm of the token is not allowed",
            ));
        }
        token.open(&self.verifier)
    }

    fn from_jwk(jwk: &Value, allowed: &[Algorithm]) -> Result<Self, Unusable> {
        let jwk = Jwk::deserialize(jwk).map_err(|_| Unusable::Malformed)?;
        let for_signatures = jwk
            .purpose
            .as_deref()
            .is_none_or(|purpose| purpose == "sig");
        let for_verifying = jwk
            .key_ops
            .as_ref()
            .is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !for_signatures || !for_verifying {
            return Err(Unusable::Purpose);
        }
        let (verifier, fit) = jwk.material()?;
        let own = |algorithm: &Algorithm| {
            jwk.alg
                .as_ref()
                .is_none_or(|name| name.parse() == Ok(*algorithm))
        };
        let algorithms: Vec<_> = fit
            .iter()
            .copied()
            .filter(|one| allowed.contains(one))
            .filter(own)
            .collect();
        if algorithms.is_empty() {
            return Err(Unusable::Algorithm);
        }
        Ok(Self {
            id: jwk.kid,
            algorithms,
            verifier,
        })
    }
}

impl Jwk {
    /// Gives the key, and the algorithms that its type allows. Symmetric keys (`oct`) have no place in a public set.
    fn material(&self) -> Result<(DecodingKey, &'static [Algorithm]), Unusable> {
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => Ok((self.rsa()?, RSA_ALGORITHMS)),
            ("EC", Some("P-256")) => Ok((self.point(32)?, &[Algorithm::ES256])),
            ("EC", Some("P-384")) => Ok((self.point(48)?, &[Algorithm::ES384])),
            ("OKP", Some("Ed25519")) => {
                let x = octets(self.x.as_deref())?;
                let right = x.len() == 32;
                right
                    .then(|| (DecodingKey::from_ed_der(&x), [Algorithm::EdDSA].as_slice()))
                    .ok_or(Unusable::Malformed)
            }
            _ => Err(Unusable::Type),
        }
    }

    fn rsa(&self) -> Result<DecodingKey, Unusable> {
        let (n, e) = (octets(self.n.as_deref())?, octets(self.e.as_deref())?);
        // Some issuers write the sign octet of the ASN.1 integer.
        let magnitude = |octets: &[u8]| {
            octets
                .iter()
                .copied()
                .skip_while(|octet| *octet == 0)
                .collect::<Vec<_>>()
        };
        let (n, e) = (magnitude(&n), magnitude(&e));
        let bits = n
            .first()
            .map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
        if !RSA_BITS.contains(&bits) {
            return Err(Unusable::RsaBits);
        }
        Ok(DecodingKey::from_rsa_raw_components(&n, &e))
    }

    /// Gives an uncompressed point (SEC 1, section 2.3.3) from coordinates of full length.
    fn point(&self, length: usize) -> Result<DecodingKey, Unusable> {
        let (x, y) = (octets(self.x.as_deref())?, octets(self.y.as_deref())?);
        if x.len() != length || y.len() != length {
            return Err(Unusable::Malformed);
        }
        Ok(DecodingKey::from_ec_der(
            &[&[4], x.as_slice(), y.as_slice()].concat(),
        ))
    }
}

fn octets(text: Option<&str>) -> Result<Vec<u8>, Unusable> {
    let octets = BASE64_URL_SAFE_NO_PAD
        .decode(text.ok_or(Unusable::Malformed)?)
        .map_err(|_| Unusable::Malformed)?;
    if octets.is_empty() {
        Err(Unusable::Malformed)
    } else {
        Ok(octets)
    }
}
