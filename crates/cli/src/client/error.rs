//! What can go wrong between a client and a server, in words that say what to do. No variant holds the token, and
//! none repeats the URL of a file: it may be a secret by itself.

use std::{fmt, io, path::PathBuf, time::Duration};

use reqwest::StatusCode;

use super::outcome::Outcome;

/// Why a request has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A base that is no FHIR base. It is not repeated: it may hold a password.
    #[error("the server's FHIR base is no http or https URL without credentials")]
    Base,
    /// The token cannot be sent at all.
    #[error("the token holds characters that cannot stand in an HTTP header")]
    Token,
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be made")]
    Setup(#[source] reqwest::Error),
    /// A URL that is none.
    #[error("{0:?} is no URL")]
    Url(String),
    /// A status URL on another server than the client's own.
    #[error(
        "the status URL is on {given}, and the token of {home} is not sent there (BULK_EXPORT_URL names the server)"
    )]
    Elsewhere {
        /// The origin of the URL.
        given: String,
        /// The only origin that gets the token.
        home: String,
    },
    /// No answer, or one that broke off.
    #[error("no complete answer from {server} when trying to {action}")]
    NoAnswer {
        /// What was tried.
        action: Action,
        /// The server's origin.
        server: String,
        /// The cause, without the URL.
        #[source]
        source: reqwest::Error,
    },
    /// An answer with an error status.
    #[error("the server would not {action}: it answered {status}: {outcome}{}", advice(*.action, *.status))]
    Refused {
        /// What was tried.
        action: Action,
        /// The answer's status.
        status: StatusCode,
        /// What the server says.
        outcome: Outcome,
        /// When it may be asked again, where it says so.
        retry_after: Option<Duration>,
    },
    /// An answer that is not what the Bulk Data Access IG says.
    #[error("the server's answer when trying to {action} cannot be used: {problem}")]
    Unusable {
        /// What was tried.
        action: Action,
        /// What is wrong with the answer.
        problem: String,
    },
    /// The export ended without a result.
    #[error("the export failed: {0}")]
    Failed(Outcome),
    /// The server knows no such export (any more).
    #[error("there is no such export: it was cancelled, it has expired, or it is not yours")]
    Gone,
    /// A file whose bytes are not what the manifest says. It was not kept.
    #[error("{file} is not what the manifest says: {}", differences.join("; "))]
    Differs {
        /// The file's name.
        file: String,
        /// Each difference.
        differences: Vec<String>,
    },
    /// A file that is on an IPFS node only.
    #[error(
        "{file} is at an ipfs:// URL: it is read from an IPFS node (give the node's gateway with --gateway URL)"
    )]
    OnIpfs {
        /// The file's name.
        file: String,
    },
    /// Something is in the way of a file. Nothing is overwritten.
    #[error("{} exists and is not part of this download; give another folder", .0.display())]
    Occupied(PathBuf),
    /// A file that stands in the folder already and is not what the manifest says.
    #[error("{} is not what the manifest says: {}; remove it, and it is fetched again", path.display(), differences.join("; "))]
    Changed {
        /// The file.
        path: PathBuf,
        /// Each difference.
        differences: Vec<String>,
    },
    /// Another process downloads into the folder.
    #[error("another download into {} is under way", .0.display())]
    Busy(PathBuf),
    /// What a folder remembers of an unfinished download cannot be used.
    #[error("{} cannot be used: {problem}", path.display())]
    Unfinished {
        /// The file that remembers it.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// A server that does not go on where it broke off.
    #[error("the server does not go on with a file where it broke off ({0})")]
    NoRange(StatusCode),
    /// The disk.
    #[error("{} cannot be read or written", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Kick-off.
    Start,
    /// Status.
    Ask,
    /// Cancel.
    Cancel,
    /// A file.
    Download,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start the export",
            Self::Ask => "tell the export's status",
            Self::Cancel => "cancel the export",
            Self::Download => "give a file",
        })
    }
}

fn advice(action: Action, status: StatusCode) -> &'static str {
    match (status, action) {
        (StatusCode::UNAUTHORIZED, _) => {
            " (is BULK_EXPORT_TOKEN this server's, and has it not expired?)"
        }
        (StatusCode::NOT_FOUND, Action::Start) => {
            " (BULK_EXPORT_URL is the FHIR base: it ends in /fhir/r4)"
        }
        (StatusCode::NOT_FOUND, Action::Download) => {
            " (files go when the export expires or is cancelled)"
        }
        _ => "",
    }
}

/// What can be done about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recourse {
    /// Nothing.
    Final,
    /// Ask again, after the pause that the server named if it did.
    Again(Option<Duration>),
}

impl Error {
    /// Says whether a file is not to be had any more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                action: Action::Download,
                status: StatusCode::NOT_FOUND | StatusCode::GONE,
                ..
            }
        )
    }

    /// What can be done when the request may be repeated without harm.
    pub(super) fn recourse(&self) -> Recourse {
        match self {
            Self::NoAnswer { source, .. } if !(source.is_builder() || source.is_redirect()) => {
                Recourse::Again(None)
            }
            // The next request asks for the whole.
            Self::NoRange(_) => Recourse::Again(None),
            Self::Refused {
                status,
                outcome,
                retry_after,
                ..
            } => {
                let overloaded = matches!(status.as_u16(), 408 | 429 | 502 | 503 | 504);
                let broken = status.is_server_error() && !outcome.is_told();
                if overloaded || broken || outcome.is_transient() {
                    Recourse::Again(*retry_after)
                } else {
                    Recourse::Final
                }
            }
            _ => Recourse::Final,
        }
    }

    /// What can be done about a kick-off, which must not be repeated when it may have been accepted.
    pub(super) fn recourse_of_kick_off(&self) -> Recourse {
        match self {
            Self::NoAnswer { source, .. } if source.is_connect() => Recourse::Again(None),
            Self::Refused {
                status,
                retry_after,
                ..
            } if matches!(status.as_u16(), 429 | 503) => Recourse::Again(*retry_after),
            _ => Recourse::Final,
        }
    }
}
