//! Tokens and headers that must be refused, as a table: each is a valid one with one thing changed.

mod claims;
mod header;
mod wire;

use super::support::*;
use crate::auth::Refusal;

/// How a case must be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Missing,
    Invalid,
    Forbidden,
}

impl Expected {
    pub(super) fn matches(self, refusal: Refusal) -> bool {
        match refusal {
            Refusal::Missing => self == Self::Missing,
            Refusal::Invalid(_) => self == Self::Invalid,
            Refusal::Forbidden => self == Self::Forbidden,
            Refusal::Unavailable => false,
        }
    }
}

/// One case: what was changed, the header's value, and the refusal.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) authorization: Option<String>,
    pub(super) expected: Expected,
}

impl Case {
    fn value(
        name: impl Into<String>,
        authorization: impl Into<String>,
        expected: Expected,
    ) -> Self {
        Self {
            name: name.into(),
            authorization: Some(authorization.into()),
            expected,
        }
    }

    fn invalid(name: impl Into<String>, token: impl AsRef<str>) -> Self {
        Self::value(
            name,
            format!("Bearer {}", token.as_ref()),
            Expected::Invalid,
        )
    }

    fn forbidden(name: impl Into<String>, token: impl AsRef<str>) -> Self {
        Self::value(
            name,
            format!("Bearer {}", token.as_ref()),
            Expected::Forbidden,
        )
    }
}

/// Gives all cases against [`key_set`] and the default configuration.
pub(super) fn cases() -> Vec<Case> {
    let groups = [
        wire::header_forms(),
        wire::truncations(),
        wire::segments(),
        wire::encodings(),
        wire::flips(),
        header::algorithms(),
        header::confusions(),
        header::keys(),
        header::parameters(),
        claims::issuer_and_audience(),
        claims::times(),
        claims::subjects(),
        claims::documents(),
        claims::roles(),
    ];
    groups.into_iter().flatten().collect()
}
