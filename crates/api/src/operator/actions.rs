//! What an operator does from the page. Each action is asked about on a page of its own, sent as a form, and written to
//! the audit with the operator's id, in the transaction that does it.

mod job;
mod service;
mod webhooks;

use actix_web::HttpResponse;
use serde::Deserialize;

use super::{
    access::Operator,
    page::{Frame, go_to},
};
use crate::state::State;

pub(super) use job::{ask_cancel, ask_retry, cancel, retry};
pub(super) use service::{ask_pause, ask_resume, ask_sweep, pause, resume, sweep};
pub(super) use webhooks::{ask_redeliver, ask_redeliver_parked, redeliver, redeliver_parked};

/// Longest reason, in characters, as the form has it.
const LONGEST_REASON: usize = 200;

/// A question before an action.
#[derive(askama::Template)]
#[template(path = "operator/confirm.html")]
struct Confirm {
    frame: Frame,
    what_happens: Vec<String>,
    action: String,
    button: &'static str,
    danger: bool,
    back: String,
    reason: Option<&'static str>,
}

/// A reason that may come with a form.
#[derive(Default, Deserialize)]
pub(super) struct Reason {
    #[serde(default)]
    reason: String,
}

impl Reason {
    /// Gives the reason, if there is one: one line, cut to its longest.
    fn text(&self) -> Option<String> {
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = self.reason.chars().map(printable).collect();
        let text: String = text.trim().chars().take(LONGEST_REASON).collect();
        (!text.is_empty()).then_some(text)
    }
}

/// Ends an action that was done: the log says whose and where it led, and the figures show it at once.
async fn did(state: &State, operator: &Operator, page: &str) -> HttpResponse {
    tracing::info!(
        operator = state.pseudonyms.of(operator.person.reveal()),
        page,
        "an operator acted"
    );
    state.operator.figures.forget().await;
    go_to(page)
}

/// Says what an action did, by the word in the address that it led to. Anything else says nothing.
pub(super) fn done(word: Option<&str>) -> Option<&'static str> {
    match word? {
        "cancelled" => Some("The job is cancelled. Its files are being released."),
        "retried" => Some("The failed parts are due again."),
        "paused" => Some("Kick-offs are paused."),
        "resumed" => Some("Kick-offs are accepted again."),
        "sweep" => Some("A sweep was asked for: the next free worker begins it within seconds."),
        "redelivered" => Some("It is due again: a worker delivers it within seconds."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_short_line() {
        let reason = |text: &str| {
            Reason {
                reason: text.to_owned(),
            }
            .text()
        };
        assert_eq!(reason(" disk\nis full "), Some("disk is full".to_owned()));
        assert_eq!(reason(" \r\n"), None);
        assert_eq!(reason(&"é".repeat(300)).unwrap().chars().count(), 200);
    }

    #[test]
    fn an_address_cannot_make_the_page_say_anything() {
        assert_eq!(done(Some("all data were deleted")), None);
        assert!(done(Some("paused")).is_some());
        assert_eq!(done(None), None);
    }
}
