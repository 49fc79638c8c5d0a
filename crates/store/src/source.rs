//! The clinical tables of the platform: read, never written. A part's rows are streamed one by one on a blocking
//! thread, under one read-only snapshot, in the order of their keys.
//!
//! Access is enforced here: every read carries the predicate of the job's stored subject.

mod check;
mod horizon;
mod plan;
mod read;
pub(crate) mod schema;
mod stop;

use std::fmt;

use bulk_export_domain::policy::Subject;
use diesel::connection::SimpleConnection;
use uuid::Uuid;

pub use self::{
    check::Missing,
    horizon::{Horizon, TransactionTime},
    plan::Plan,
    read::{Row, Slice},
    stop::Stop,
};
use crate::{
    config::SourceConfig,
    error::Error,
    pool::{Connections, blocking, checkout, pool},
};

/// The clinical tables. Cheap to clone.
#[derive(Clone)]
pub struct Source {
    connections: Connections,
    lag: std::time::Duration,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

impl Source {
    /// Makes the pool; connects when first asked.
    #[must_use]
    pub fn new(config: &SourceConfig) -> Self {
        // A part may stream for long, so no statement timeout; compiling a plan costs more than our plans gain by it.
        let session = "SET jit = off";
        Self {
            connections: pool(&config.url, config.connections, session),
            lag: config.lag,
        }
    }

    /// Checks that the database answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ready(&self) -> Result<(), Error> {
        let connections = self.connections.clone();
        blocking(move || Ok(checkout(&connections)?.batch_execute("SELECT 1")?)).await
    }
}

/// Whose rows a read may see: the job's subject, as the tables know patients.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Everyone,
    One(Uuid),
    /// The subject is no id that the tables could hold: an export without rows.
    Nobody,
}

impl Whose {
    fn of(subject: &Subject) -> Self {
        match subject {
            Subject::Everyone => Self::Everyone,
            Subject::Patient(patient) => {
                Uuid::try_parse(patient.reveal()).map_or(Self::Nobody, Self::One)
            }
        }
    }
}
