//! Cancel and retry.

use actix_web::{HttpResponse, web};
use bulk_export_domain::{
    job::{Event, Status},
    text,
};
use bulk_export_store::operator::{Cancelled, JobView, Retried};

use super::{Confirm, did};
use crate::{
    operator::{
        access::Operator,
        error::PageError,
        job,
        overview::word,
        page::{Frame, Section, ok},
    },
    state::State,
};

/// Asks whether to cancel a job.
pub(in crate::operator) async fn ask_cancel(
    operator: Operator,
    path: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    let job = found(&state, &path, Event::Cancel).await?;
    let files = text::counted(job.files, "file", "files");
    let open = matches!(job.state, Status::Pending | Status::InProgress);
    let (title, button) = if open {
        ("Cancel this job?", "Cancel the job")
    } else {
        ("Remove this job?", "Remove the job")
    };
    ok(&Confirm {
        frame: Frame::new(title, Section::Jobs, &operator),
        what_happens: vec![
            format!("The job {} is {}.", job.id, word(job.state)),
            format!(
                "It ends at once and for good: its {files} ({}) are released, and the client's status URL answers 404.",
                text::size(job.bytes)
            ),
        ],
        action: format!("/operator/jobs/{}/cancel", job.id),
        button,
        danger: true,
        back: format!("/operator/jobs/{}", job.id),
        reason: None,
    })
}

/// Cancels a job.
pub(in crate::operator) async fn cancel(
    operator: Operator,
    path: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    let id = job::id(&path)?;
    match state.store.cancel_job(id, operator.person.clone()).await? {
        Cancelled::Done => {
            let page = format!("/operator/jobs/{id}?done=cancelled");
            Ok(did(&state, &operator, &page).await)
        }
        Cancelled::Gone => Err(conflict(
            "The job was cancelled or expired before, or its rows are removed.",
        )),
    }
}

/// Asks whether to let a failed job be tried again.
pub(in crate::operator) async fn ask_retry(
    operator: Operator,
    path: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    let job = found(&state, &path, Event::Retry).await?;
    let failed = text::counted(
        job.parts.failed,
        "part that was not done is due again, as if it",
        "parts that were not done are due again, as if they",
    );
    ok(&Confirm {
        frame: Frame::new("Try this job again?", Section::Jobs, &operator),
        what_happens: vec![
            format!("The job {} has failed.", job.id),
            format!(
                "Its {failed} had never been tried. What is done stays done, and the export is of the same instant as before."
            ),
        ],
        action: format!("/operator/jobs/{}/retry", job.id),
        button: "Try again",
        danger: false,
        back: format!("/operator/jobs/{}", job.id),
        reason: None,
    })
}

/// Lets a failed job be tried again, and wakes a worker.
pub(in crate::operator) async fn retry(
    operator: Operator,
    path: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    let id = job::id(&path)?;
    match state.store.retry_job(id, operator.person.clone()).await? {
        Retried::Due(_) => {
            state.announce(id);
            let page = format!("/operator/jobs/{id}?done=retried");
            Ok(did(&state, &operator, &page).await)
        }
        Retried::Unknown => Err(PageError::NotFound),
        Retried::Refused(refused) => Err(conflict(&format!(
            "Only a failed job can be tried again: this one is {}.",
            word(refused.status)
        ))),
        Retried::Expired => Err(conflict(
            "The job has expired. Its client has to start a new export.",
        )),
        Retried::FilesGone => Err(conflict(
            "Files of parts that were done are gone already. Its client has to start a new export.",
        )),
    }
}

async fn found(state: &State, path: &str, event: Event) -> Result<JobView, PageError> {
    let found = state.store.job_view(job::id(path)?).await?;
    let job = found.ok_or(PageError::NotFound)?;
    if job::allows(&job, event) {
        return Ok(job);
    }
    let state = if job.expired {
        "expired"
    } else {
        word(job.state)
    };
    Err(conflict(&format!(
        "The job is {state}: there is nothing to be done."
    )))
}

fn conflict(why: &str) -> PageError {
    PageError::Conflict(why.to_owned())
}
