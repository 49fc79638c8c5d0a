//! What is too much: why a request that is right in itself is refused now, when to ask again, and how large a job may be.

mod admission;
mod job;
mod rate;

use std::time::Duration;

pub use admission::{Admission, Limit, Load, MEASURED};
pub use job::{JobLimits, JobSize, Passed};
pub use rate::{Class, InvalidQuota, Quota, RateLimits};

use crate::outcome::{Code, OperationOutcome};

/// How long a client waits before it asks a service again that an operator has paused: nobody knows when it goes on.
const PAUSE: Duration = Duration::from_mins(1);

/// Why a kick-off cannot be served now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// An operator paused kick-offs.
    Paused,
    /// There is no room.
    Full {
        /// Which limit was reached.
        limit: Limit,
        /// Its value.
        value: u64,
        /// When there may be room.
        retry_after: Duration,
    },
}

impl Refusal {
    /// Gives the word by which refusals are counted.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Full { limit, .. } => match limit {
                Limit::PatientJobs => "patient_jobs",
                Limit::RequesterJobs => "requester_jobs",
                Limit::Jobs => "jobs",
                Limit::NodeBytes => "node_bytes",
            },
        }
    }

    /// Says when to ask again.
    #[must_use]
    pub const fn retry_after(&self) -> Duration {
        match self {
            Self::Paused => PAUSE,
            Self::Full { retry_after, .. } => *retry_after,
        }
    }

    /// Says whether it is the requester who asks for too much, rather than all together.
    #[must_use]
    pub const fn is_the_requesters(&self) -> bool {
        matches!(
            self,
            Self::Full {
                limit: Limit::PatientJobs | Limit::RequesterJobs,
                ..
            }
        )
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
            Self::Full {
                limit,
                value,
                retry_after,
            } => {
                let (code, text) = match limit {
                    Limit::PatientJobs | Limit::RequesterJobs => (
                        Code::Throttled,
                        "this requester has as many exports under way as one requester may have",
                    ),
                    Limit::Jobs => (
                        Code::Transient,
                        "as many exports are under way as this server takes on",
                    ),
                    Limit::NodeBytes => (
                        Code::Transient,
                        "the storage of this server holds as much as it may",
                    ),
                };
                let (limit, seconds) = (limit.variable(), whole_seconds(*retry_after));
                OperationOutcome::error(code, format!("{text}: the limit {limit} is {value}"))
                    .with_diagnostics(format!("try again after {seconds} seconds"))
            }
        }
    }
}

/// Gives a time as the number of `Retry-After`: never too early, and never zero.
#[must_use]
pub const fn whole_seconds(time: Duration) -> u64 {
    let more = if time.subsec_nanos() > 0 { 1 } else { 0 };
    let seconds = time.as_secs() + more;
    if seconds == 0 { 1 } else { seconds }
}
