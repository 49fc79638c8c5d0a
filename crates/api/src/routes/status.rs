//! `GET $export-status/{job}`: 202 while it runs, 200 with the manifest, 500 when it failed, 404 when it is gone.

use std::time::SystemTime;

use actix_web::{
    HttpResponse,
    http::header::{self, HeaderName},
    web,
};
use bulk_export_domain::{
    job::{Job, JobState},
    manifest::Manifest,
};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{error::ApiError, requester::Authenticated, state::State};

const X_PROGRESS: HeaderName = HeaderName::from_static("x-progress");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Running {
    status: &'static str,
    progress: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_resources: Option<u64>,
}

/// Answers a poll.
pub(super) async fn status(
    path: web::Path<String>,
    requester: Authenticated,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let job = state.visible_job(&path, &requester.0).await?;
    match &job.state {
        JobState::Pending => Ok(running(
            &job,
            &Running {
                status: "pending",
                progress: 0,
                total_resources: None,
            },
        )),
        JobState::InProgress {
            progress,
            total_resources,
        } => Ok(running(
            &job,
            &Running {
                status: "in_progress",
                progress: *progress,
                total_resources: *total_resources,
            },
        )),
        JobState::Completed { expires_at } => completed(&state, &job, *expires_at).await,
        JobState::Failed { reason } => Err(ApiError::JobFailed(reason.clone())),
        JobState::Cancelled => Err(ApiError::NotFound),
    }
}

fn running(job: &Job, body: &Running) -> HttpResponse {
    let text = match body.total_resources {
        Some(total) => format!("{} %: about {total} resources in all", body.progress),
        None => "waiting for a worker".to_owned(),
    };
    let seconds = (now() - job.created_at).num_seconds();
    HttpResponse::Accepted()
        .insert_header((X_PROGRESS, text))
        .insert_header((
            header::RETRY_AFTER,
            retry_after(seconds, body.progress).to_string(),
        ))
        .json(body)
}

async fn completed(
    state: &State,
    job: &Job,
    expires_at: DateTime<Utc>,
) -> Result<HttpResponse, ApiError> {
    let files = state.store.files(job.id).await?;
    let expires = header::HttpDate::from(SystemTime::from(expires_at));
    Ok(HttpResponse::Ok()
        .insert_header(header::Expires(expires))
        .json(Manifest::new(job, &files, &state.file_urls)))
}

/// When to ask again, in seconds: a quarter of the time that is left at the pace so far, 1 to 60.
fn retry_after(seconds: i64, progress: u8) -> i64 {
    let progress = i64::from(progress.clamp(1, 99));
    let left = if progress == 1 {
        seconds
    } else {
        seconds.saturating_mul(100 - progress) / progress
    };
    (left / 4).clamp(1, 60)
}

#[expect(
    clippy::disallowed_methods,
    reason = "only to guess when to ask again; nothing is decided by it"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use super::retry_after;

    #[test]
    fn polls_are_asked_for_at_the_pace_of_the_export() {
        assert_eq!(retry_after(0, 0), 1);
        assert_eq!(retry_after(-5, 0), 1);
        assert_eq!(retry_after(100, 50), 25);
        assert_eq!(retry_after(100, 99), 1);
        assert_eq!(retry_after(i64::MAX, 2), 60);
    }
}
