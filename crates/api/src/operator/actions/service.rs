//! Pause, resume, and a sweep now.

use actix_web::{HttpResponse, web};

use super::{Confirm, Reason, did};
use crate::{
    operator::{
        access::Operator,
        error::PageError,
        page::{Frame, Section, ok},
    },
    state::State,
};

/// Asks whether to pause kick-offs.
pub(in crate::operator) async fn ask_pause(operator: Operator) -> Result<HttpResponse, PageError> {
    ok(&Confirm {
        frame: Frame::new("Pause kick-offs?", Section::Overview, &operator),
        what_happens: vec![
            "New exports are refused with 503 until somebody resumes. What was accepted goes on, and files can be \
             downloaded."
                .to_owned(),
        ],
        action: "/operator/pause".to_owned(),
        button: "Pause kick-offs",
        danger: true,
        back: "/operator".to_owned(),
        reason: Some("For other operators, and for the audit. It names no patient."),
    })
}

/// Pauses kick-offs.
pub(in crate::operator) async fn pause(
    operator: Operator,
    form: web::Form<Reason>,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    if !state
        .store
        .pause(operator.person.clone(), form.text())
        .await?
    {
        let why = "Kick-offs are paused already; that pause stays as it is.";
        return Err(PageError::Conflict(why.to_owned()));
    }
    Ok(did(&state, &operator, "/operator?done=paused").await)
}

/// Asks whether to accept kick-offs again.
pub(in crate::operator) async fn ask_resume(operator: Operator) -> Result<HttpResponse, PageError> {
    ok(&Confirm {
        frame: Frame::new("Accept kick-offs again?", Section::Overview, &operator),
        what_happens: vec!["New exports are accepted from now on.".to_owned()],
        action: "/operator/resume".to_owned(),
        button: "Resume kick-offs",
        danger: false,
        back: "/operator".to_owned(),
        reason: None,
    })
}

/// Accepts kick-offs again.
pub(in crate::operator) async fn resume(
    operator: Operator,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    if !state.store.resume(operator.person.clone()).await? {
        return Err(PageError::Conflict("Kick-offs are not paused.".to_owned()));
    }
    Ok(did(&state, &operator, "/operator?done=resumed").await)
}

/// Asks whether to sweep now.
pub(in crate::operator) async fn ask_sweep(operator: Operator) -> Result<HttpResponse, PageError> {
    ok(&Confirm {
        frame: Frame::new("Sweep now?", Section::Node, &operator),
        what_happens: vec![
            "A worker releases the files whose time is over, removes their jobs' rows, releases pins without an owner, \
             and lets the node collect. Uploads may be slower meanwhile."
                .to_owned(),
        ],
        action: "/operator/sweep".to_owned(),
        button: "Sweep now",
        danger: false,
        back: "/operator/node".to_owned(),
        reason: None,
    })
}

/// Asks the workers for a sweep.
pub(in crate::operator) async fn sweep(
    operator: Operator,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    state.store.want_sweep(operator.person.clone()).await?;
    Ok(did(&state, &operator, "/operator/node?done=sweep").await)
}
