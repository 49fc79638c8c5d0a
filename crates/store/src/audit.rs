//! The audit table: append-only, in clear, and the only place where people are named. Entries about a job's states
//! are written in the transaction that makes them true.

use bulk_export_domain::{
    ids::JobId,
    policy::{Requester, Subject},
};
use diesel::prelude::*;
use uuid::Uuid;

use crate::{error::Error, pool::Store, schema::bulk_export_audit};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A client kicked an export off.
    KickOff,
    /// A client asked for a file.
    Download,
    /// A client cancelled or deleted an export.
    Cancel,
    /// A job was completed.
    Complete,
    /// A job failed.
    Fail,
    /// A job's files and rows were removed.
    Expire,
    /// Something was refused.
    Deny,
    /// An operator let a failed job's parts be tried again.
    Retry,
    /// An operator asked for a sweep.
    Sweep,
    /// An operator paused kick-offs.
    Pause,
    /// An operator let kick-offs go on.
    Resume,
    /// A receiver of webhooks was added, changed or removed, or something is delivered to it again.
    Webhook,
    /// An operator signed in to the operator's page.
    SignIn,
}

/// The words of the actions, as they stand in the table.
pub const AUDITED: [&str; 13] = [
    Action::KickOff.as_str(),
    Action::Download.as_str(),
    Action::Cancel.as_str(),
    Action::Complete.as_str(),
    Action::Fail.as_str(),
    Action::Expire.as_str(),
    Action::Deny.as_str(),
    Action::Retry.as_str(),
    Action::Sweep.as_str(),
    Action::Pause.as_str(),
    Action::Resume.as_str(),
    Action::Webhook.as_str(),
    Action::SignIn.as_str(),
];

impl Action {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::KickOff => "kick_off",
            Self::Download => "download",
            Self::Cancel => "cancel",
            Self::Complete => "complete",
            Self::Fail => "fail",
            Self::Expire => "expire",
            Self::Deny => "deny",
            Self::Retry => "retry",
            Self::Sweep => "sweep",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Webhook => "webhook",
            Self::SignIn => "sign_in",
        }
    }
}

/// One entry.
#[derive(Insertable)]
#[diesel(table_name = bulk_export_audit)]
pub struct Entry {
    action: &'static str,
    outcome: String,
    job_id: Option<Uuid>,
    requester_id: Option<String>,
    patient_id: Option<String>,
    detail: Option<String>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({}, [redacted])", self.action)
    }
}

impl Entry {
    /// Makes an entry about an action and its outcome.
    pub fn new(action: Action, outcome: impl Into<String>) -> Self {
        Self {
            action: action.as_str(),
            outcome: outcome.into(),
            job_id: None,
            requester_id: None,
            patient_id: None,
            detail: None,
        }
    }

    /// Names the job.
    #[must_use]
    pub fn job(mut self, job: JobId) -> Self {
        self.job_id = Some(job.uuid());
        self
    }

    /// Names who asked.
    #[must_use]
    pub fn by(mut self, requester: &Requester) -> Self {
        self.requester_id = Some(requester.id.clone());
        self
    }

    /// Names who asked, where only the id is known.
    #[must_use]
    pub(crate) fn by_id(mut self, requester_id: String) -> Self {
        self.requester_id = Some(requester_id);
        self
    }

    /// Names whose data it is.
    #[must_use]
    pub fn about(mut self, subject: &Subject) -> Self {
        if let Subject::Patient(patient) = subject {
            self.patient_id = Some(patient.reveal().to_owned());
        }
        self
    }

    /// Adds a detail, such as the file.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

pub(crate) fn append(connection: &mut PgConnection, entry: &Entry) -> QueryResult<()> {
    diesel::insert_into(bulk_export_audit::table)
        .values(entry)
        .execute(connection)
        .map(drop)
}

impl Store {
    /// Appends an entry of its own.
    ///
    /// # Errors
    /// The database is away.
    pub async fn audit(&self, entry: Entry) -> Result<(), Error> {
        self.run(move |connection| Ok(append(connection, &entry)?))
            .await
    }
}
