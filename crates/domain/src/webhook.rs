//! Webhooks by the Standard Webhooks specification (version 1.0.0): which ends of a job are told, in what words, with
//! which secret, how often a delivery is tried, and where it may go.
//!
//! A payload holds the job's id, its state, counts and the status URL. It never holds a person, a reason, a parameter
//! or a CID: whoever wants more asks the status URL with a token.

mod address;
mod endpoint;
mod reach;
mod schedule;
mod secret;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::ids::JobId;

pub use self::{
    address::is_public,
    endpoint::{Endpoint, InvalidEndpoint},
    reach::{Reach, UnknownReach},
    schedule::wait_after,
    secret::{InvalidSecret, Secret},
};

/// An end of a job that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// Every part is done; the manifest stands.
    Completed,
    /// It could not be done.
    Failed,
    /// The client or an operator cancelled or deleted it.
    Cancelled,
    /// Its time has come: the status URL answers 404 from now on.
    Expired,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 4] = [
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Expired,
    ];

    /// Gives the word, as the row and the payload's `state` spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == word)
    }

    /// Gives the payload's `type`: words with full stops between, from the general to the special.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Completed => "export.completed",
            Self::Failed => "export.failed",
            Self::Cancelled => "export.cancelled",
            Self::Expired => "export.expired",
        }
    }
}

/// What a job's manifest lists, or listed: nothing while there never was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Resources in the output files.
    pub resources: u64,
    /// Output files.
    pub files: u64,
    /// Bytes of the output files as they are stored.
    pub bytes: u64,
}

#[derive(Serialize)]
struct Payload<'a> {
    r#type: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    job_id: JobId,
    state: &'static str,
    counts: Counts,
    status_url: &'a str,
}

/// Writes the payload of an event that happened at this instant. It is written once and signed and sent as it is, again
/// and again, because the signature is over its bytes.
///
/// # Panics
/// Never: the payload is texts and numbers.
#[must_use]
pub fn payload(
    event: Event,
    at: DateTime<Utc>,
    job_id: JobId,
    counts: Counts,
    status_url: &str,
) -> String {
    let payload = Payload {
        r#type: event.kind(),
        timestamp: at.to_rfc3339_opts(SecondsFormat::Micros, true),
        data: Data {
            job_id,
            state: event.as_str(),
            counts,
            status_url,
        },
    };
    serde_json::to_string(&payload).expect("texts and numbers can be written")
}

/// Gives a job's status URL from the URL of its kick-off, which ends in `/Patient/$export` and perhaps a query: workers do
/// not know `PUBLIC_BASE_URL`, and the client shall see the base that it used.
#[must_use]
pub fn status_url(request_url: &str, job: JobId) -> String {
    let path = request_url.split(['?', '#']).next().unwrap_or_default();
    let base = path.rsplitn(3, '/').nth(2).unwrap_or_default();
    format!("{base}/$export-status/{job}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn job() -> JobId {
        "10f498d6-0a09-4d7c-b953-5f1677981be7".parse().unwrap()
    }

    #[test]
    fn a_payload_holds_what_it_may_and_nothing_else() {
        let at = DateTime::from_timestamp_micros(1_764_000_000_123_456).unwrap();
        let counts = Counts {
            resources: 7,
            files: 2,
            bytes: 99,
        };
        let text = payload(Event::Completed, at, job(), counts, "https://h/s");
        let expected = json!({
            "type": "export.completed",
            "timestamp": "2025-11-24T16:00:00.123456Z",
            "data": {
                "jobId": "10f498d6-0a09-4d7c-b953-5f1677981be7",
                "state": "completed",
                "counts": {"resources": 7, "files": 2, "bytes": 99},
                "statusUrl": "https://h/s",
            },
        });
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    }

    #[test]
    fn the_status_url_has_the_base_of_the_kick_off() {
        for (request, base) in [
            ("https://h/fhir/r4/Patient/$export", "https://h/fhir/r4"),
            (
                "https://h/fhir/r4/Patient/$export?_type=a/b/Patient/c",
                "https://h/fhir/r4",
            ),
            (
                "https://h/x/fhir/r4/fhir/r4/Patient/%24export?",
                "https://h/x/fhir/r4/fhir/r4",
            ),
            (
                "http://[::1]:8080/fhir/r4/Patient/$export",
                "http://[::1]:8080/fhir/r4",
            ),
        ] {
            assert_eq!(
                status_url(request, job()),
                format!("{base}/$export-status/{}", job())
            );
        }
    }

    #[test]
    fn words_read_back() {
        for event in Event::ALL {
            assert_eq!(Event::parse(event.as_str()), Some(event));
            assert!(event.kind().ends_with(event.as_str()));
        }
        assert_eq!(Event::parse("done"), None);
    }
}
