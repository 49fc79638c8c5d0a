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

impl Reach {
    /// Reads `WEBHOOK_ALLOW_PRIVATE`; a problem is noted there.
    pub fn read(variables: &mut Variables) -> Self {
        match variables.raw("WEBHOOK_ALLOW_PRIVATE") {
            None => Self::Public,
            Some(ALLOW_PRIVATE) => Self::Anywhere,
            Some(_) => {
                variables.problem(
                    "WEBHOOK_ALLOW_PRIVATE",
                    format!("is not understood: only the exact words '{ALLOW_PRIVATE}' let webhooks go to private addresses, and unencrypted"),
                );
                Self::Public
            }
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
