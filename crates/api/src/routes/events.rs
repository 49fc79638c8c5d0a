//! `GET $export-status/{job}` with `Accept: text/event-stream`: how far the job is, as server-sent events (WHATWG HTML,
//! section 9.2), until it has ended. Who may poll may watch, and for as long as the token holds.

mod event;
mod wanted;

use std::{convert::Infallible, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderName},
    web::{self, Bytes},
};
use bulk_export_domain::job::JobState;
use futures::{Stream, stream};
use tokio::time::{Instant, sleep_until};

use self::event::{Event, event};
use crate::{
    error::ApiError,
    requester::Holder,
    state::State,
    watch::{Seen, Watch},
};

pub(super) use self::wanted::wanted;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Keeps proxies of nginx's kind from holding events back.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// When a client whose stream ended comes again: the first thing that it is told.
const RETRY: &str = "retry: 3000\n\n";

/// A comment: it keeps the connection from looking idle, and finds out whether anybody is still there.
const HEARTBEAT: (&str, Duration) = (":\n\n", Duration::from_secs(10));

/// Streams the progress of a job.
pub(super) async fn events(
    request: HttpRequest,
    path: web::Path<String>,
    holder: Holder,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let job = state.visible_job(&path, &holder.requester).await?;
    let known = request
        .headers()
        .get(LAST_EVENT_ID)
        .and_then(|id| id.to_str().ok());
    let status_url = state.status_url(job.id);
    match job.state {
        JobState::Pending | JobState::InProgress { .. } => {
            let watching = Watching {
                watch: state.watches.watch(job.id)?,
                until: Instant::now() + holder.left,
                known: known.map(str::to_owned),
                status_url,
                step: Step::Greet,
            };
            Ok(answer().streaming(chunks(watching)))
        }
        JobState::Completed { .. } | JobState::Failed { .. } => {
            let last = state.store.watched(vec![job.id]).await?;
            let last = event(last.first().ok_or(ApiError::NotFound)?, &status_url);
            if known == Some(last.id.as_str()) {
                // By this answer a browser stops asking.
                return Ok(HttpResponse::NoContent().finish());
            }
            Ok(answer().body(format!("{RETRY}{}", last.text)))
        }
        JobState::Cancelled => Err(ApiError::NotFound),
    }
}

fn answer() -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((BUFFERING, "no"));
    response
}

/// One who watches.
struct Watching {
    watch: Watch,
    /// When the token ends.
    until: Instant,
    /// The event that the client had last.
    known: Option<String>,
    status_url: String,
    step: Step,
}

enum Step {
    Greet,
    Watch,
    End,
}

fn chunks(watching: Watching) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(watching, |mut watching| async {
        let text = watching.next().await?;
        Some((Ok(Bytes::from(text)), watching))
    })
}

impl Watching {
    /// Gives what is to be sent next; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        match self.step {
            Step::Greet => {
                self.step = Step::Watch;
                return Some(RETRY.to_owned());
            }
            Step::Watch => {}
            Step::End => return None,
        }
        let heartbeat = Instant::now() + HEARTBEAT.1;
        loop {
            tokio::select! {
                biased;
                () = self.watch.stop.cancelled() => return None,
                () = sleep_until(self.until) => {
                    self.step = Step::End;
                    return Some(": the token has expired\n\n".to_owned());
                }
                changed = self.watch.seen.changed() => {
                    if changed.is_err() {
                        return None;
                    }
                }
                () = sleep_until(heartbeat) => return Some(HEARTBEAT.0.to_owned()),
            }
            let seen = match &*self.watch.seen.borrow_and_update() {
                Seen::Nothing => continue,
                Seen::Gone => return None,
                Seen::Job(job) => event(job, &self.status_url),
            };
            if let Some(text) = self.news(seen) {
                return Some(text);
            }
        }
    }

    /// Gives an event's text, unless the client has it from the connection before.
    fn news(&mut self, event: Event) -> Option<String> {
        if event.last {
            self.step = Step::End;
        }
        let known = self.known.take();
        (known.as_ref() != Some(&event.id)).then_some(event.text)
    }
}
