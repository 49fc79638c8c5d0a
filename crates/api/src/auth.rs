//! Authentication: turns the `Authorization` header of a request into a [`Requester`], or refuses it.
//!
//! It verifies tokens that somebody else issued. It refuses to issue any, to take a token from anywhere but the
//! header, to let a token choose its algorithm or bring its own key, and to decide what a requester may see: that is
//! `domain::policy`. Tokens and keys appear in no log, error or `Debug` output.

mod claims;
mod clock;
mod config;
mod header;
mod json;
mod jwks;
mod keys;
mod refusal;
mod source;
mod token;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use bulk_export_domain::policy::Requester;
use jsonwebtoken::Algorithm;

use self::{
    claims::{Claims, Rules},
    clock::{Clock, SystemClock},
    jwks::Jwks,
    keys::{Key, Miss},
    source::{Deadlines, Source},
    token::Token,
};

pub use self::{config::Config, header::authorization, refusal::Refusal};

/// Why authentication cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The HTTP client for the key set cannot be built, for want of CA certificates for example.
    #[error("the HTTP client for AUTH_JWKS_URL cannot be built")]
    HttpClient(#[source] reqwest::Error),
}

/// Authenticates requests. One for the whole process: it holds the cache of keys.
pub struct Authenticator {
    keys: Keys,
    algorithms: Vec<Algorithm>,
    rules: Rules,
    clock: Arc<dyn Clock>,
}

/// What a token that holds grants: its requester, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// Whom the token names.
    pub requester: Requester,
    /// When the token ends (`exp`), in seconds since 1970; no leeway is in it.
    pub expires: i64,
}

/// Where the keys come from. A shared secret never stands beside public keys, so neither can pass for the other.
enum Keys {
    Public(Arc<Jwks>),
    Secret(Key),
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator([redacted])")
    }
}

impl Authenticator {
    /// Builds the authenticator. It opens no socket yet.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn new(config: Config) -> Result<Self, StartError> {
        Self::with(
            config,
            Arc::new(SystemClock::default()),
            Deadlines::default(),
        )
    }

    fn with(
        config: Config,
        clock: Arc<dyn Clock>,
        deadlines: Deadlines,
    ) -> Result<Self, StartError> {
        let Config {
            keys,
            algorithms,
            rules,
        } = config;
        let jwks = |source, first| Keys::Public(Arc::new(Jwks::new(source, first, clock.clone())));
        let keys = match keys {
            config::Keys::Url(url) => {
                let source =
                    Source::url(url, &algorithms, deadlines).map_err(StartError::HttpClient)?;
                jwks(source, None)
            }
            config::Keys::File { path, first } => {
                jwks(Source::file(path, &algorithms), Some(first))
            }
            config::Keys::DevSecret(secret) => {
                tracing::warn!(
                    "tokens are checked with AUTH_DEV_SECRET: this is for development only"
                );
                Keys::Secret(Key::shared(&secret, &algorithms))
            }
        };
        Ok(Self {
            keys,
            algorithms,
            rules,
            clock,
        })
    }

    /// Reads the key set ahead of the first request, so that a wrong URL shows in the log at start. Requests do not
    /// depend on it.
    pub async fn warm_up(&self) {
        if let Keys::Public(jwks) = &self.keys {
            // The outcome is in the log; the next request tries again.
            jwks.current().await.ok();
        }
    }

    /// Authenticates a request by the value of its `Authorization` header.
    ///
    /// # Errors
    /// The refusal says how to answer.
    pub async fn authenticate(&self, authorization: Option<&str>) -> Result<Requester, Refusal> {
        let granted = self.grant(authorization).await?;
        Ok(granted.requester)
    }

    /// As [`authenticate`](Self::authenticate), and says how long the token holds.
    ///
    /// # Errors
    /// The refusal says how to answer.
    pub async fn grant(&self, authorization: Option<&str>) -> Result<Granted, Refusal> {
        let outcome = self.check(authorization).await;
        if let Err(refusal) = &outcome {
            tracing::debug!(reason = %refusal, "a request was not authenticated");
        }
        outcome
    }

    /// Gives the wall clock that tokens are judged by, in whole seconds since 1970.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "seconds since 1970 are far from the bounds, and the fraction is not wanted"
    )]
    pub fn unix_seconds(&self) -> i64 {
        self.clock.unix_seconds() as i64
    }

    async fn check(&self, authorization: Option<&str>) -> Result<Granted, Refusal> {
        let token = Token::parse(header::bearer(authorization)?)?;
        if !self.algorithms.contains(&token.algorithm) {
            return Err(Refusal::Invalid(
                "the algorithm of the token is not allowed",
            ));
        }
        let claims = match &self.keys {
            Keys::Secret(key) => key.open(&token)?,
            Keys::Public(jwks) => open_public(jwks, &token).await?,
        };
        let requester = self.rules.requester(&claims, self.clock.unix_seconds())?;
        let expires = claims::expiry(&claims)?;
        Ok(Granted { requester, expires })
    }
}

/// Opens a token with the key that it names. A key that we do not know may be new, so the set is read again first.
async fn open_public(jwks: &Arc<Jwks>, token: &Token<'_>) -> Result<Claims, Refusal> {
    let seen = jwks.current().await?;
    match seen.select(token) {
        Ok(key) => return key.open(token),
        Err(Miss::Refused(reason)) => return Err(Refusal::Invalid(reason)),
        Err(Miss::Unknown) => {}
    }
    let newer = jwks.newer_than(&seen).await?;
    match newer.select(token) {
        Ok(key) => key.open(token),
        Err(Miss::Refused(reason)) => Err(Refusal::Invalid(reason)),
        Err(Miss::Unknown) => Err(jwks.unknown_key()),
    }
}
