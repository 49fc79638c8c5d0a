//! Why a request is not authenticated, and the challenge that goes with it (RFC 6750, section 3).

use std::borrow::Cow;

/// A refused request. The texts name the rule that was broken and never repeat anything from the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no bearer token: 401.
    #[error("a bearer token is required")]
    Missing,
    /// There is a token, and it does not hold: 401.
    #[error("{0}")]
    Invalid(&'static str),
    /// The token holds, but its role is not one of ours, or is ambiguous: 403.
    #[error("the token does not carry exactly one role of this service")]
    Forbidden,
    /// The keys to check the token with cannot be had at the moment: 503.
    #[error("tokens cannot be checked at the moment")]
    Unavailable,
}

impl Refusal {
    /// Gives the value of `WWW-Authenticate`, for the answers that carry one (401 and 403).
    #[must_use]
    pub fn www_authenticate(&self) -> Option<Cow<'static, str>> {
        const REALM: &str = r#"Bearer realm="fhir-bulk-export""#;
        match self {
            // No error attribute: the client did not know yet that a token is needed.
            Self::Missing => Some(REALM.into()),
            Self::Invalid(reason) => Some(
                format!(r#"{REALM}, error="invalid_token", error_description="{reason}""#).into(),
            ),
            Self::Forbidden => Some(format!(r#"{REALM}, error="insufficient_scope""#).into()),
            Self::Unavailable => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_without_a_token_names_no_error() {
        let challenge = Refusal::Missing.www_authenticate().unwrap();
        assert_eq!(challenge, r#"Bearer realm="fhir-bulk-export""#);
    }

    #[test]
    fn a_challenge_with_a_bad_token_says_why() {
        let challenge = Refusal::Invalid("the token has expired")
            .www_authenticate()
            .unwrap();
        let expected = r#"Bearer realm="fhir-bulk-export", error="invalid_token", error_description="the token has expired""#;
        assert_eq!(challenge, expected);
    }

    #[test]
    fn a_foreign_role_is_an_insufficient_scope() {
        let challenge = Refusal::Forbidden.www_authenticate().unwrap();
        assert!(
            challenge.ends_with(r#"error="insufficient_scope""#),
            "{challenge}"
        );
    }

    #[test]
    fn missing_keys_are_no_challenge() {
        assert_eq!(Refusal::Unavailable.www_authenticate(), None);
    }
}
