//! A job: what a client kicked off, its states, and what may follow what. The database repeats these rules under the
//! job row's lock; here they stand as a table.

use chrono::{DateTime, Utc};

use crate::{
    file::StoredFile,
    ids::{FileId, JobId},
    outcome::OperationOutcome,
    policy::{Ownership, Role, Subject},
    resource_type::ResourceType,
};

/// The word for a job's state, as the row and the status body spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Accepted; nothing has run yet.
    Pending,
    /// Its parts run.
    InProgress,
    /// Every part is done; the manifest stands.
    Completed,
    /// It cannot be done.
    Failed,
    /// The client deleted it.
    Cancelled,
}

/// What happens to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A worker claimed its first part.
    Start,
    /// The last part is done.
    Complete,
    /// A part cannot be done.
    Fail,
    /// The client or an operator deletes it.
    Cancel,
    /// An operator lets its failed parts be tried again.
    Retry,
}

/// An event that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a job that is {} cannot {event:?}", .status.as_str())]
pub struct InvalidTransition {
    /// The state.
    pub status: Status,
    /// The event.
    pub event: Event,
}

impl Status {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::InProgress,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Gives the word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Says which state follows an event.
    ///
    /// # Errors
    /// The state does not allow the event.
    pub const fn after(self, event: Event) -> Result<Self, InvalidTransition> {
        match (self, event) {
            (Self::Pending | Self::InProgress, Event::Start) | (Self::Failed, Event::Retry) => {
                Ok(Self::InProgress)
            }
            (Self::InProgress, Event::Complete) => Ok(Self::Completed),
            (Self::Pending | Self::InProgress, Event::Fail) => Ok(Self::Failed),
            (Self::Pending | Self::InProgress | Self::Completed | Self::Failed, Event::Cancel) => {
                Ok(Self::Cancelled)
            }
            (Self::Pending, Event::Complete)
            | (Self::Completed | Self::Failed, Event::Start | Event::Complete | Event::Fail)
            | (Self::Pending | Self::InProgress | Self::Completed, Event::Retry)
            | (Self::Cancelled, _) => Err(InvalidTransition {
                status: self,
                event,
            }),
        }
    }
}

/// A job to be inserted.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// The new id.
    pub id: JobId,
    /// Who asked, and whose data is exported.
    pub ownership: Ownership,
    /// The requester's role at kick-off.
    pub role: Role,
    /// The types to export.
    pub types: Vec<ResourceType>,
    /// Only resources changed after this instant.
    pub since: Option<DateTime<Utc>>,
    /// The most resources that a file may hold.
    pub file_rows: Option<u64>,
    /// The full URL of the kick-off request, for the manifest.
    pub request_url: String,
    /// The instant up to which the export is complete.
    pub transaction_time: DateTime<Utc>,
    /// What was ignored: lines of the error file.
    pub notes: Vec<OperationOutcome>,
    /// The trace that its parts go on (W3C Trace Context, `traceparent`).
    pub trace_parent: Option<String>,
}

impl NewJob {
    /// Says whose data the job holds.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.ownership.subject
    }
}

/// A job as a client may see it.
#[derive(Debug, Clone)]
pub struct Job {
    /// The id.
    pub id: JobId,
    /// Whose it is.
    pub ownership: Ownership,
    /// The kick-off URL.
    pub request_url: String,
    /// The instant up to which the export is complete.
    pub transaction_time: DateTime<Utc>,
    /// When it was kicked off.
    pub created_at: DateTime<Utc>,
    /// Its state, with what is true in that state.
    pub state: JobState,
}

/// A job's state with the facts of that state.
#[derive(Debug, Clone)]
pub enum JobState {
    /// Accepted; nothing has run yet.
    Pending,
    /// Its parts run.
    InProgress {
        /// Percent by resources, 0 to 99, never going back.
        progress: u8,
        /// The estimated number of resources, once planned.
        total_resources: Option<u64>,
    },
    /// Every part is done.
    Completed {
        /// When the files go (UTC).
        expires_at: DateTime<Utc>,
    },
    /// It could not be done.
    Failed {
        /// What happened, in words that name no internals.
        reason: String,
    },
    /// The client deleted it.
    Cancelled,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Resources of one type.
    Output(ResourceType),
    /// `OperationOutcome`s: what was ignored or left out.
    Error,
}

impl FileKind {
    /// Gives the row's word for the kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Output(_) => "output",
            Self::Error => "error",
        }
    }

    /// Gives the type of the resources in the file.
    #[must_use]
    pub const fn resource_type(self) -> &'static str {
        match self {
            Self::Output(resource_type) => resource_type.as_str(),
            Self::Error => "OperationOutcome",
        }
    }
}

/// A finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its id in the download URL.
    pub id: FileId,
    /// What it holds.
    pub kind: FileKind,
    /// Its bytes. It holds as many resources as lines.
    pub stored: StoredFile,
}

/// Why a job failed, in words for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureReason {
    /// A part failed on every attempt.
    AttemptsExhausted,
    /// A part was handed back too often.
    HandedBackTooOften,
}

impl FailureReason {
    /// Tells what happened, and names no internals.
    #[must_use]
    pub fn text(self, what: Option<ResourceType>) -> String {
        let what = what.map_or_else(
            || "The export".to_owned(),
            |resource_type| format!("The export of {resource_type} resources"),
        );
        match self {
            Self::AttemptsExhausted => format!(
                "{what} failed repeatedly and was given up. Start a new export; if it fails again, tell the operator the job's id."
            ),
            Self::HandedBackTooOften => format!(
                "{what} was interrupted too often and was given up. Start a new export later."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_state_and_event_is_decided() {
        use Event::{Cancel, Complete, Fail, Retry, Start};
        use Status::{Cancelled, Completed, Failed, InProgress, Pending};
        let table = [
            (
                Pending,
                [Some(InProgress), None, Some(Failed), Some(Cancelled), None],
            ),
            (
                InProgress,
                [
                    Some(InProgress),
                    Some(Completed),
                    Some(Failed),
                    Some(Cancelled),
                    None,
                ],
            ),
            (Completed, [None, None, None, Some(Cancelled), None]),
            (
                Failed,
                [None, None, None, Some(Cancelled), Some(InProgress)],
            ),
            (Cancelled, [None; 5]),
        ];
        for (status, expected) in table {
            let got = [Start, Complete, Fail, Cancel, Retry].map(|event| status.after(event).ok());
            assert_eq!(got, expected, "{status:?}");
        }
    }

    #[test]
    fn words_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Some(status));
        }
        assert_eq!(Status::parse("done"), None);
    }
}
