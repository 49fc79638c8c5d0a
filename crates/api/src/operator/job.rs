//! `/operator/jobs/{job}`: one job, its parts on a line of time, why they failed, and what was done to it.

mod parts;

use actix_web::{HttpResponse, web};
use bulk_export_domain::{
    ids::JobId,
    job::{Event, Status},
    part::PartState,
    text,
};
use bulk_export_store::operator::{JobView, PartCounts, TimelineEntry, Whose};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{
    access::Operator,
    actions,
    chart::{Bar, row},
    error::PageError,
    overview::word,
    page::{Frame, Section, When, ok},
    people,
};
use crate::state::State;
use parts::{Failure, Part};

/// How many parts a page shows, and how many of the failed ones are looked at for reasons.
const PARTS: usize = 100;
const FAILURES: i64 = 500;

/// How many lines of the audit are shown: the first ones.
const AUDIT: i64 = 200;

/// Which parts are asked for, and what an action that led here did.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Query {
    #[serde(default)]
    parts: String,
    after: Option<i32>,
    done: Option<String>,
}

/// A line of the audit.
struct Act {
    at: When,
    action: String,
    outcome: String,
    who: String,
    detail: String,
}

/// A choice among the states of parts.
struct Choice {
    name: String,
    class: &'static str,
    address: String,
    current: bool,
}

/// The part of the page that is fetched again.
#[derive(askama::Template)]
#[template(path = "operator/job_live.html")]
struct Live {
    id: String,
    state: &'static str,
    class: &'static str,
    /// Whether it changes any more, and whether its time is over.
    ends: (bool, bool),
    progress: u8,
    bar: Option<Bar>,
    error: Option<String>,
    /// What an operator can do, and the word for it.
    may: Vec<(&'static str, &'static str)>,
    facts: Vec<(&'static str, String)>,
    times: Vec<(&'static str, When)>,
    bars: Vec<Bar>,
    choices: Vec<Choice>,
    failures: Vec<Failure>,
    parts: Vec<Part>,
    first: Option<String>,
    more: Option<String>,
    line: String,
    acts: Vec<Act>,
}

#[derive(askama::Template)]
#[template(path = "operator/job.html")]
struct JobPage {
    frame: Frame,
    done: Option<&'static str>,
    refresh: String,
    live: Live,
}

/// Shows a job.
pub(super) async fn job(
    operator: Operator,
    path: web::Path<String>,
    query: web::Query<Query>,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    let id = id(&path)?;
    ok(&JobPage {
        frame: Frame::new("Job", Section::Jobs, &operator),
        done: actions::done(query.done.as_deref()),
        refresh: query.address(&format!("{id}/live"), query.after),
        live: live(&state, id, &query, operator.now).await?,
    })
}

/// Gives what it shows anew.
pub(super) async fn refresh(
    operator: Operator,
    path: web::Path<String>,
    query: web::Query<Query>,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    ok(&live(&state, id(&path)?, &query, operator.now).await?)
}

/// Reads a job's id from the address.
pub(super) fn id(path: &str) -> Result<JobId, PageError> {
    path.parse().map_err(|_| PageError::NotFound)
}

/// Says whether an operator can still end a job, or let it be tried again.
pub(super) fn allows(job: &JobView, event: Event) -> bool {
    !job.expired && job.state.after(event).is_ok()
}

fn may(job: &JobView) -> Vec<(&'static str, &'static str)> {
    let actions = [
        (Event::Retry, ("retry", "Try again…")),
        (Event::Cancel, ("cancel", cancel_word(job.state))),
    ];
    let allowed = actions.into_iter().filter(|(event, _)| allows(job, *event));
    allowed.map(|(_, action)| action).collect()
}

/// Says what cancelling does to a job in this state: one that has ended loses its files.
const fn cancel_word(state: Status) -> &'static str {
    match state {
        Status::Pending | Status::InProgress => "Cancel…",
        Status::Completed | Status::Failed | Status::Cancelled => "Remove…",
    }
}

async fn live(
    state: &State,
    id: JobId,
    query: &Query,
    now: DateTime<Utc>,
) -> Result<Live, PageError> {
    let store = &state.store;
    let wanted = query.state()?;
    let job = store.job_view(id).await?.ok_or(PageError::NotFound)?;
    let limit = i64::try_from(PARTS + 1).unwrap_or(i64::MAX);
    let mut found = store.job_parts(id, wanted, query.after, limit).await?;
    let failed = if job.parts.failed == 0 {
        vec![]
    } else {
        let failed = Some(PartState::Failed);
        store.job_parts(id, failed, None, FAILURES).await?
    };
    let acts = store.job_timeline(id, 0, AUDIT).await?;
    let more = found.len() > PARTS;
    found.truncate(PARTS);
    let next = found.last().map(|part| part.ordinal).filter(|_| more);
    let line = (job.created_at, job.ended_at.unwrap_or(now));
    let part = |part| Part::new(part, line, now);
    Ok(Live {
        state: word(job.state),
        class: job.state.as_str(),
        ends: (
            matches!(
                job.state,
                Status::Completed | Status::Failed | Status::Cancelled
            ),
            job.expired,
        ),
        progress: job.progress,
        bar: Bar::share(job.progress.into(), 100, job.state.as_str()),
        error: job.error.clone(),
        may: may(&job),
        facts: facts(&job, state),
        times: times(&job, now),
        bars: bars(&job.parts),
        choices: query.choices(&id, &job.parts),
        failures: parts::failures(&failed),
        parts: found.iter().map(part).collect(),
        first: query.after.map(|_| query.address(&id.to_string(), None)),
        more: next.map(|after| query.address(&id.to_string(), Some(after))),
        line: seconds(line.0, line.1),
        acts: acts
            .iter()
            .map(|entry| act(entry, &job, state, now))
            .collect(),
        id: id.to_string(),
    })
}

fn facts(job: &JobView, state: &State) -> Vec<(&'static str, String)> {
    let resources = job
        .resources
        .map_or_else(|| "not known yet".to_owned(), text::count);
    let resources = match job.state {
        Status::InProgress => format!("about {resources}"),
        Status::Pending | Status::Completed | Status::Failed | Status::Cancelled => resources,
    };
    let (who, role) = (&job.requester, job.role.as_str());
    let who = people::requester(who, job.role, &state.pseudonyms);
    let whose = match job.whose {
        Whose::Everyone => "everyone's data",
        Whose::OnePatient => "one patient's data",
    };
    let counts = &job.parts;
    let tries = format!(
        "{}, {}, {}",
        text::counted(counts.all(), "part", "parts"),
        text::counted(counts.attempts, "attempt", "attempts"),
        text::counted(counts.handed_back, "hand-back", "hand-backs")
    );
    let mut facts = vec![
        ("Kicked off by", format!("{who} ({role}), for {whose}")),
        ("Types", job.types.join(", ")),
        ("Resources", resources),
        (
            "Files",
            format!(
                "{}, {}",
                text::counted(job.files, "file", "files"),
                text::size(job.bytes)
            ),
        ),
        ("Parts", tries),
    ];
    if let Some(rows) = job.file_rows {
        facts.push(("Largest file", text::counted(rows, "resource", "resources")));
    }
    facts
}

fn times(job: &JobView, now: DateTime<Utc>) -> Vec<(&'static str, When)> {
    let times = [
        ("Kicked off", Some(job.created_at)),
        ("Complete up to", Some(job.transaction_time)),
        ("Only changed after", job.since),
        ("Ended", job.ended_at),
        (
            if job.expired { "Expired" } else { "Expires" },
            job.expires_at,
        ),
    ];
    let when = |(name, at): (_, Option<_>)| Some((name, When::new(at?, now)));
    times.into_iter().filter_map(when).collect()
}

fn bars(counts: &PartCounts) -> Vec<Bar> {
    row(&[
        (counts.done, "done"),
        (counts.running, "running"),
        (counts.failed, "failed"),
        (counts.due, "due"),
        (counts.cancelled, "cancelled"),
    ])
}

fn act(entry: &TimelineEntry, job: &JobView, state: &State, now: DateTime<Utc>) -> Act {
    let who = people::actor(entry, (&job.requester, job.role), &state.pseudonyms);
    Act {
        at: When::new(entry.at, now),
        action: entry.action.replace('_', " "),
        outcome: entry.outcome.clone(),
        who: who.unwrap_or_else(|| "the service".to_owned()),
        detail: entry.detail.clone().unwrap_or_default(),
    }
}

/// Writes the time between two instants; a short one more exactly.
fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    let milliseconds = u64::try_from((to - from).num_milliseconds()).unwrap_or(0);
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..10_000 => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        10_000.. => text::duration(milliseconds / 1_000),
    }
}

impl Query {
    fn state(&self) -> Result<Option<PartState>, PageError> {
        if self.parts.is_empty() {
            return Ok(None);
        }
        let state = PartState::parse(&self.parts);
        state.map(Some).ok_or_else(|| {
            let fix = "parts: leave it away, or use due, running, done, failed or cancelled.";
            PageError::Value(fix.to_owned())
        })
    }

    fn address(&self, path: &str, after: Option<i32>) -> String {
        let mut pairs = Vec::new();
        if !self.parts.is_empty() {
            pairs.push(format!("parts={}", self.parts));
        }
        pairs.extend(after.map(|after| format!("after={after}")));
        let query = if pairs.is_empty() { "" } else { "?" };
        format!("/operator/jobs/{path}{query}{}", pairs.join("&"))
    }

    fn choices(&self, id: &JobId, counts: &PartCounts) -> Vec<Choice> {
        let choice = |state: PartState, number: u64| Choice {
            name: format!("{} {}", text::count(number), state.as_str()),
            class: state.as_str(),
            address: format!("/operator/jobs/{id}?parts={}#parts", state.as_str()),
            current: self.parts == state.as_str(),
        };
        let numbers = [
            counts.due,
            counts.running,
            counts.done,
            counts.failed,
            counts.cancelled,
        ];
        let mut choices = vec![Choice {
            name: format!("All {}", text::count(counts.all())),
            class: "",
            address: format!("/operator/jobs/{id}#parts"),
            current: self.parts.is_empty(),
        }];
        let states = PartState::ALL.into_iter().zip(numbers);
        choices.extend(
            states
                .filter(|(_, number)| *number > 0)
                .map(|(state, number)| choice(state, number)),
        );
        choices
    }
}
