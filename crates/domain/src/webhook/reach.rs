//! How far deliveries may go.

use std::net::IpAddr;

use super::is_public;
use crate::config::Variables;

/// The words by which an operator lets deliveries go anywhere.
const ALLOW_PRIVATE: &str = "yes, this is for development";

/// How far deliveries may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// By `https`, to public addresses.
    #[default]
    Public,
    /// Anywhere, by `http` too: for development.
    Anywhere,
}

/// Words that are not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not understood: only the exact words '{ALLOW_PRIVATE}' let webhooks go to private addresses, and unencrypted"
)]
pub struct UnknownReach;

impl Reach {
    /// The variable that widens it.
    pub const VARIABLE: &'static str = "WEBHOOK_ALLOW_PRIVATE";

    /// Reads `WEBHOOK_ALLOW_PRIVATE`; a problem is noted there.
    pub fn read(variables: &mut Variables) -> Self {
        let reach = Self::of(variables.raw(Self::VARIABLE));
        reach.unwrap_or_else(|unknown| {
            variables.problem(Self::VARIABLE, unknown.to_string());
            Self::default()
        })
    }

    /// Reads the variable's value.
    ///
    /// # Errors
    /// The value is not understood.
    pub fn of(words: Option<&str>) -> Result<Self, UnknownReach> {
        match words {
            None => Ok(Self::Public),
            Some(ALLOW_PRIVATE) => Ok(Self::Anywhere),
            Some(_) => Err(UnknownReach),
        }
    }

    /// Says whether deliveries may go to this address.
    #[must_use]
    pub fn admits(self, address: IpAddr) -> bool {
        match self {
            Self::Public => is_public(address),
            Self::Anywhere => true,
        }
    }
}
