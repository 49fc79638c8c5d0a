//! Why a kick-off that is right in itself is refused now, and when to ask again.

use std::time::Duration;

use crate::outcome::{Code, OperationOutcome};

/// How long a client waits before it asks a service again that an operator has paused: nobody knows when it goes on.
const PAUSE: Duration = Duration::from_mins(1);

/// Why a kick-off cannot be served now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// An operator paused kick-offs.
    Paused,
}

impl Refusal {
    /// Gives the word by which refusals are counted.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Paused => "paused",
        }
    }

    /// Says when to ask again.
    #[must_use]
    pub const fn retry_after(&self) -> Duration {
        match self {
            Self::Paused => PAUSE,
        }
    }

    /// Tells the client.
    #[must_use]
    pub fn outcome(&self) -> OperationOutcome {
        match self {
            Self::Paused => OperationOutcome::error(
                Code::Transient,
                "the operator of this server has paused the start of exports; those that run go on",
            )
            .with_diagnostics("try again later"),
        }
    }
}
