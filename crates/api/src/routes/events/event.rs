//! The events: `progress`, and one of `completed`, `failed` and `cancelled` at the end.

use bulk_export_domain::job::JobState;
use bulk_export_store::Watched;
use serde::Serialize;

/// An event, ready to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// Which state of the job it tells: the same on every replica.
    pub(super) id: String,
    /// Its lines.
    pub(super) text: String,
    /// Whether nothing comes after it.
    pub(super) last: bool,
}

/// What is told. Of a job that failed or was cancelled nothing is left to count.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_resources: Option<u64>,
    /// Seconds that are left at the pace so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    eta: Option<u64>,
    /// Where the manifest is.
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// Tells how far a job is.
pub(super) fn event(job: &Watched, status_url: &str) -> Event {
    let (name, mut data) = match &job.state {
        JobState::Pending => ("progress", data("pending", Some(0))),
        JobState::InProgress {
            progress,
            total_resources,
        } => {
            let mut data = data("in_progress", Some(*progress));
            data.total_resources = *total_resources;
            data.eta = total_resources.and_then(|total| left(job.seconds?, job.resources, total));
            ("progress", data)
        }
        JobState::Completed { .. } => {
            let mut data = data("completed", Some(100));
            data.total_resources = Some(job.resources);
            data.manifest = Some(status_url);
            ("completed", data)
        }
        JobState::Failed { reason } => {
            let mut data = data("failed", None);
            data.reason = Some(reason);
            ("failed", data)
        }
        JobState::Cancelled => ("cancelled", data("cancelled", None)),
    };
    data.resources = data.progress.map(|_| job.resources);
    let id = job.changed_at.timestamp_micros().to_string();
    let json = serde_json::to_string(&data).expect("texts and numbers can be written");
    Event {
        text: format!("id: {id}\nevent: {name}\ndata: {json}\n\n"),
        id,
        last: name != "progress",
    }
}

const fn data<'a>(status: &'static str, progress: Option<u8>) -> Data<'a> {
    Data {
        status,
        progress,
        resources: None,
        total_resources: None,
        eta: None,
        manifest: None,
        reason: None,
    }
}

/// Gives the seconds that are left at the pace so far; `None` while there is no pace.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, and the cast saturates"
)]
fn left(seconds: f64, done: u64, total: u64) -> Option<u64> {
    let left = total.saturating_sub(done) as f64;
    (done > 0).then(|| (seconds.max(0.0) * left / done as f64).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use bulk_export_domain::ids::JobId;
    use chrono::DateTime;
    use serde_json::{Value, json};

    use super::*;

    fn told(state: JobState, resources: u64) -> (String, Value, bool) {
        let job = Watched {
            id: JobId::random(),
            state,
            resources,
            seconds: Some(10.0),
            changed_at: DateTime::from_timestamp_micros(1_764_000_000_123_456).unwrap(),
        };
        let event = event(&job, "http://h/s");
        assert_eq!(event.id, "1764000000123456");
        let lines: Vec<_> = event.text.lines().collect();
        assert_eq!(lines[0], "id: 1764000000123456");
        assert!(
            event.text.ends_with("\n\n") && lines.len() == 4,
            "{lines:?}"
        );
        let name = lines[1].strip_prefix("event: ").unwrap().to_owned();
        let data = lines[2].strip_prefix("data: ").unwrap();
        (name, serde_json::from_str(data).unwrap(), event.last)
    }

    #[test]
    fn progress_tells_what_is_done_and_left() {
        let state = JobState::InProgress {
            progress: 25,
            total_resources: Some(400),
        };
        let expected = json!({"status": "in_progress", "progress": 25, "resources": 100, "totalResources": 400, "eta": 30});
        assert_eq!(told(state, 100), ("progress".into(), expected, false));
        let pending = json!({"status": "pending", "progress": 0, "resources": 0});
        assert_eq!(
            told(JobState::Pending, 0),
            ("progress".into(), pending, false)
        );
    }

    #[test]
    fn the_end_tells_how_it_ended() {
        let expires_at = DateTime::UNIX_EPOCH;
        let done = json!({"status": "completed", "progress": 100, "resources": 7, "totalResources": 7, "manifest": "http://h/s"});
        assert_eq!(
            told(JobState::Completed { expires_at }, 7),
            ("completed".into(), done, true)
        );
        let reason = "two\nlines".to_owned();
        let failed = json!({"status": "failed", "reason": "two\nlines"});
        assert_eq!(
            told(JobState::Failed { reason }, 0),
            ("failed".into(), failed, true)
        );
        assert!(told(JobState::Cancelled, 0).2);
    }

    #[test]
    fn what_is_left_is_guessed_from_the_pace() {
        assert_eq!(left(10.0, 0, 100), None);
        assert_eq!(left(10.0, 100, 100), Some(0));
        assert_eq!(left(10.0, 200, 100), Some(0));
        assert_eq!(left(-1.0, 1, 100), Some(0));
        assert_eq!(left(f64::MAX, 1, u64::MAX), Some(u64::MAX));
    }
}
