//! What is exported: the platform's clinical tables, the resource store, and relations of other servers. All are read,
//! never written. A part's rows are streamed one by one on a blocking thread, under one read-only snapshot, in the order
//! of their keys.
//!
//! Access is enforced here: every read carries the predicate of the job's stored subject.

mod check;
pub(crate) mod clinical;
mod horizon;
mod plan;
mod read;
mod relation;
mod resources;
mod stop;
mod time;

use std::{fmt, sync::Arc};

use bulk_export_domain::{
    part::{KeyRange, Scope},
    policy::Subject,
    resource_type::ResourceType,
    sources::{Origin, Sources},
};
use diesel::connection::SimpleConnection;
use secrecy::ExposeSecret;

pub use self::{
    check::{Missing, Unfit},
    horizon::{Horizon, TransactionTime},
    plan::{Plan, Size},
    read::{ForeignRow, Row, StoredRow},
    stop::Stop,
    time::JobTime,
};
use crate::{
    config::SourceConfig,
    error::Error,
    pool::{Connections, blocking, checkout, pool},
};

/// Where the exported data is. Cheap to clone.
#[derive(Clone)]
pub struct Source {
    /// The clinical tables and other servers' relations.
    others: Connections,
    /// The resource store.
    resources: Connections,
    sources: Arc<Sources>,
    lag: std::time::Duration,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

/// Which rows a part reads.
#[derive(Debug, Clone)]
pub struct Slice {
    /// The type.
    pub resource_type: ResourceType,
    /// The keys.
    pub range: KeyRange,
    /// Whose rows, and since when.
    pub scope: Scope,
}

impl Source {
    /// Makes the pools; connects when first asked.
    #[must_use]
    pub fn new(config: &SourceConfig) -> Self {
        // A part may stream for long, so no statement timeout; compiling a plan costs more than our plans gain by it.
        let session = "SET jit = off";
        let others = pool("source", &config.url, config.connections, session);
        let resources = if config.url.expose_secret() == config.store_url.expose_secret() {
            others.clone()
        } else {
            pool("resources", &config.store_url, config.connections, session)
        };
        Self {
            others,
            resources,
            sources: Arc::new(config.sources.clone()),
            lag: config.lag,
        }
    }

    /// Gives which types come from where.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Checks that the database of the clinical tables and relations answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ready(&self) -> Result<(), Error> {
        let connections = self.others.clone();
        blocking(move || Ok(checkout(&connections)?.batch_execute("SELECT 1")?)).await
    }

    /// Tells the process's metrics how full the pools are.
    pub fn tell(&self) {
        self.others.tell();
        self.resources.tell();
    }

    /// Makes the handle that stops a read of this type.
    ///
    /// # Errors
    /// No source has the type.
    pub fn stop(&self, resource_type: ResourceType) -> Result<Stop, Error> {
        Ok(Stop::new(self.connections(self.origin(resource_type)?)))
    }

    fn origin(&self, resource_type: ResourceType) -> Result<&Origin, Error> {
        self.sources
            .origin(resource_type)
            .ok_or(Error::NoSource(resource_type))
    }

    fn connections(&self, origin: &Origin) -> &Connections {
        match origin {
            Origin::Clinical | Origin::Relation(_) => &self.others,
            Origin::Store => &self.resources,
        }
    }
}

/// Whose rows a read may see: the patient's id where it is one patient's.
fn patient(subject: &Subject) -> Option<&str> {
    match subject {
        Subject::Everyone => None,
        Subject::Patient(patient) => Some(patient.reveal()),
    }
}
