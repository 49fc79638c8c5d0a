//! Keys, tokens and a clock for the tests. Tokens are put together by hand and signed by `aws-lc-rs`, so that nothing
//! that is tested is also what makes the test's tokens.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bulk_export_domain::{config::Variables, policy::Requester};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::auth::{Authenticator, Config, Refusal, clock::Clock, source::Deadlines};

pub(super) const ISSUER: &str = "https://issuer.example/realm";
pub(super) const AUDIENCE: &str = "https://export.example/fhir/r4";
pub(super) const SECRET: &[u8] = b"a development secret of 40 bytes exactly";

/// The wall clock of the tests.
pub(super) const NOW: u64 = 1_800_000_000;

/// A clock that stands still until it is moved.
#[derive(Default)]
pub(super) struct TestClock(AtomicU64);

impl TestClock {
    pub(super) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn unix_seconds(&self) -> f64 {
        Duration::from_secs(NOW + self.0.load(Ordering::SeqCst)).as_secs_f64()
    }

    fn uptime(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// A key that signs.
pub(super) enum Signer {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Hmac(Vec<u8>),
}

pub(super) static RSA: LazyLock<Signer> =
    LazyLock::new(|| Signer::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()));
pub(super) static EC: LazyLock<Signer> = LazyLock::new(p256);
pub(super) static EC_OTHER: LazyLock<Signer> = LazyLock::new(p256);
pub(super) static EC384: LazyLock<Signer> = LazyLock::new(|| {
    Signer::Ec(EcdsaKeyPair::generate(&signature::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap())
});
pub(super) static ED: LazyLock<Signer> =
    LazyLock::new(|| Signer::Ed(Ed25519KeyPair::generate().unwrap()));

fn p256() -> Signer {
    Signer::Ec(EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
}

impl Signer {
    /// Signs with what an algorithm's name says, or with what the key can do.
    pub(super) fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let scheme: &'static dyn signature::RsaEncoding = match algorithm {
                    "RS384" => &signature::RSA_PKCS1_SHA384,
                    "RS512" => &signature::RSA_PKCS1_SHA512,
                    "PS256" => &signature::RSA_PSS_SHA256,
                    "PS384" => &signature::RSA_PSS_SHA384,
                    "PS512" => &signature::RSA_PSS_SHA512,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(scheme, &random, message, &mut signature).unwrap();
                signature
            }
            Self::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Hmac(secret) => {
                let kind = match algorithm {
                    "HS384" => hmac::HMAC_SHA384,
                    "HS512" => hmac::HMAC_SHA512,
                    _ => hmac::HMAC_SHA256,
                };
                hmac::sign(&hmac::Key::new(kind, secret), message)
                    .as_ref()
                    .to_vec()
            }
        }
    }

    /// Gives the public key as octets: the modulus or the point.
    pub(super) fn public(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => pair
                .public_key()
                .modulus()
                .big_endian_without_leading_zero()
                .to_vec(),
            Self::Ec(pair) => pair.public_key().as_ref().to_vec(),
            Self::Ed(pair) => pair.public_key().as_ref().to_vec(),
            Self::Hmac(secret) => secret.clone(),
        }
    }

    /// Gives the JWK, under a name.
    pub(super) fn jwk(&self, id: &str) -> Value {
        let public = self.public();
        match self {
            Self::Rsa(_) => {
                json!({"kty": "RSA", "kid": id, "use": "sig", "n": encode(&public), "e": "AQAB"})
            }
            Self::Ec(_) => {
                let (x, y) = public[1..].split_at(public.len() / 2);
                let crv = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({"kty": "EC", "kid": id, "crv": crv, "x": encode(x), "y": encode(y)})
            }
            Self::Ed(_) => json!({"kty": "OKP", "kid": id, "crv": "Ed25519", "x": encode(&public)}),
            Self::Hmac(_) => json!({"kty": "oct", "kid": id, "k": encode(&public)}),
        }
    }
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A token before it is signed.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) header: Value,
    pub(super) claims: Value,
}

impl Draft {
    /// A token that every authenticator of these tests accepts, once it is signed by [`EC`].
    pub(super) fn good() -> Self {
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "canary-user", "role": "ADMIN",
            "exp": NOW + 300, "nbf": NOW - 10, "iat": NOW - 10,
        });
        Self {
            header: json!({"alg": "ES256", "typ": "JWT", "kid": "ec"}),
            claims,
        }
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header[name] = value.into();
        self
    }

    pub(super) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    pub(super) fn without_header(mut self, name: &str) -> Self {
        self.header.as_object_mut().unwrap().remove(name);
        self
    }

    pub(super) fn without_claim(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name);
        self
    }

    /// Names algorithm and key.
    pub(super) fn by(self, algorithm: &str, key: &str) -> Self {
        self.header("alg", algorithm).header("kid", key)
    }

    /// Signs with the algorithm that the header names.
    pub(super) fn sign(&self, signer: &Signer) -> String {
        sign_raw(
            self.header.to_string(),
            self.claims.to_string(),
            signer,
            self.header["alg"].as_str().unwrap_or(""),
        )
    }
}

/// Signs any two octet strings as if they were header and claims.
pub(super) fn sign_raw(
    header: impl AsRef<[u8]>,
    claims: impl AsRef<[u8]>,
    signer: &Signer,
    algorithm: &str,
) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = encode(signer.sign(algorithm, message.as_bytes()));
    format!("{message}.{signature}")
}

/// The key set of most tests.
pub(super) fn key_set() -> Value {
    let keys = [
        RSA.jwk("rsa"),
        EC.jwk("ec"),
        EC_OTHER.jwk("ec-other"),
        EC384.jwk("ec384"),
        ED.jwk("ed"),
    ];
    json!({ "keys": keys })
}

/// Variables that every configuration of these tests has, and more.
pub(super) fn variables(more: &[(&str, &str)]) -> Variables {
    let mut all = BTreeMap::from([("AUTH_ISSUER", ISSUER), ("AUTH_AUDIENCE", AUDIENCE)]);
    all.extend(more.iter().copied());
    Variables::new(
        all.into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    )
}

/// An authenticator under test, with its clock.
pub(super) struct Subject {
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) clock: Arc<TestClock>,
    /// Keeps the key file.
    pub(super) file: Option<NamedTempFile>,
}

impl Subject {
    /// Builds one from variables, as the binary does.
    pub(super) fn with(more: &[(&str, &str)], deadlines: Deadlines) -> Self {
        let mut variables = variables(more);
        let base = "http://localhost:8080".parse().unwrap();
        let config = Config::read(&mut variables, Some(&base));
        variables.finish().unwrap();
        let clock = Arc::new(TestClock::default());
        let authenticator = Authenticator::with(config.unwrap(), clock.clone(), deadlines).unwrap();
        Self {
            authenticator: Arc::new(authenticator),
            clock,
            file: None,
        }
    }

    /// Builds one with a key file.
    pub(super) fn with_keys(keys: &Value, more: &[(&str, &str)]) -> Self {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), keys.to_string()).unwrap();
        let source = ("AUTH_JWKS_FILE", file.path().to_str().unwrap());
        let subject = Self::with(&[&[source], more].concat(), Deadlines::default());
        Self {
            file: Some(file),
            ..subject
        }
    }

    /// Builds one with the development secret.
    pub(super) fn with_secret(more: &[(&str, &str)]) -> Self {
        let source = ("AUTH_DEV_SECRET", std::str::from_utf8(SECRET).unwrap());
        Self::with(&[&[source], more].concat(), Deadlines::default())
    }

    /// Authenticates a bearer token.
    pub(super) async fn bearer(&self, token: &str) -> Result<Requester, Refusal> {
        self.authenticator
            .authenticate(Some(&format!("Bearer {token}")))
            .await
    }
}
