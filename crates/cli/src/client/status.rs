//! An export's status: what a poll's answer means.

use std::{fmt, time::Duration};

use reqwest::{StatusCode, header::HeaderMap};
use serde::Deserialize;
use url::Url;

use super::{
    error::{Action, Error, Recourse},
    manifest::Manifest,
    outcome::Outcome,
    pace::retry_after,
    wire::{Answer, refusal},
};
use crate::text;

/// Where an export is asked about. It is on the client's own server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusUrl(pub(super) Url);

impl StatusUrl {
    /// Gives the URL.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for StatusUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an export's status is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Accepted, and not at its end.
    Running {
        /// Percent done, where the server says so.
        progress: Option<u8>,
        /// How many resources it will have, where the server knows.
        total: Option<u64>,
        /// When to ask again, where the server says so.
        retry_after: Option<Duration>,
        /// The text of `X-Progress`.
        x_progress: Option<String>,
    },
    /// Done: here are the files.
    Complete(Manifest),
    /// Ended without a result.
    Failed(Outcome),
    /// Cancelled, expired, somebody else's, or never there.
    Gone,
}

/// The members of this project's 202 body. Other servers send none or others.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RunningBody {
    progress: Option<u8>,
    total_resources: Option<u64>,
}

impl Status {
    /// Reads a poll's answer.
    ///
    /// # Errors
    /// An answer that says nothing about the export: a refused token, a passing fault, or what is no manifest.
    pub(super) fn read(answer: &Answer) -> Result<Self, Error> {
        match answer.status {
            StatusCode::OK => complete(&answer.body),
            StatusCode::ACCEPTED => Ok(running(&answer.headers, &answer.body)),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Self::Gone),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(refusal(Action::Ask, answer)),
            _ => {
                let refusal = refusal(Action::Ask, answer);
                let outcome = Outcome::read(&answer.body);
                if outcome.is_told() && refusal.recourse() == Recourse::Final {
                    Ok(Self::Failed(outcome))
                } else {
                    Err(refusal)
                }
            }
        }
    }
}

fn running(headers: &HeaderMap, body: &[u8]) -> Status {
    let body: RunningBody = serde_json::from_slice(body).unwrap_or_default();
    let x_progress = headers
        .get("x-progress")
        .and_then(|value| value.to_str().ok());
    Status::Running {
        progress: body.progress.map(|percent| percent.min(100)),
        total: body.total_resources,
        retry_after: retry_after(headers),
        x_progress: x_progress.map(text::clean),
    }
}

fn complete(body: &[u8]) -> Result<Status, Error> {
    let unusable = |problem| Error::Unusable {
        action: Action::Ask,
        problem,
    };
    let text = std::str::from_utf8(body).map_err(|_| unusable("it is not UTF-8".to_owned()))?;
    let manifest = Manifest::parse(text).map_err(|error| unusable(error.to_string()))?;
    Ok(Status::Complete(manifest))
}
