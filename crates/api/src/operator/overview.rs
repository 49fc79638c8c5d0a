//! `/operator`: how things stand, on one screen.

mod attention;

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use bulk_export_domain::{job::Status, text};
use bulk_export_store::{
    DEAD_AFTER, Pause,
    operator::{Counts, Filter, JobLine, NodeView, Queue, Span, WorkerLine},
    webhooks::{DeliveryFilter, DeliveryState},
};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{
    access::Operator,
    actions,
    chart::{Bar, Column, columns, whole_percent},
    error::PageError,
    jobs::{Row, rows},
    page::{Frame, Section, When, ok},
};
use crate::state::State;
use attention::{Attention, attention};

/// How many minutes the chart shows.
const MINUTES: usize = 60;

/// How many jobs under way are listed.
const OPEN_JOBS: i64 = 8;

/// The overview's figures.
#[derive(Debug)]
pub(super) struct Figures {
    queue: Queue,
    workers: Vec<WorkerLine>,
    node: NodeView,
    open: Vec<JobLine>,
    paused: Option<Pause>,
    counts: Counts,
    minutes: Vec<Span>,
    /// Whether a delivery was given up and not asked for again.
    parked: bool,
}

/// Gives the figures, shared by all who look.
async fn figures(state: &State) -> Result<Arc<Figures>, PageError> {
    let store = &state.store;
    let read = async || {
        let open = Filter {
            states: vec![Status::Pending, Status::InProgress],
            ..Filter::default()
        };
        let parked = DeliveryFilter {
            state: Some(DeliveryState::Parked),
            ..DeliveryFilter::default()
        };
        let minutes = i32::try_from(MINUTES).unwrap_or(i32::MAX);
        Ok(Figures {
            queue: store.queue().await?,
            workers: store.worker_list().await?,
            node: store.node_view().await?,
            open: store.job_list(open, None, OPEN_JOBS).await?,
            paused: store.paused().await?,
            counts: store.job_counts().await?,
            minutes: store.throughput_by_minute(minutes).await?,
            parked: !store.deliveries(parked, None, 1).await?.is_empty(),
        })
    };
    state.operator.figures.get(read).await
}

/// Counts the jobs by state.
pub(super) async fn counts(state: &State) -> Result<Counts, PageError> {
    Ok(figures(state).await?.counts)
}

/// A figure that is read from afar.
struct Tile {
    label: &'static str,
    figure: String,
    note: String,
}

/// A line of a table of numbers.
struct Line {
    word: &'static str,
    class: &'static str,
    number: String,
    bar: Option<Bar>,
    address: Option<String>,
}

/// A pause of kick-offs.
struct Paused {
    by: String,
    since: When,
    reason: Option<String>,
}

/// What was exported within some minutes.
struct PaceLine {
    span: &'static str,
    parts: String,
    resources: String,
    bytes: String,
    rate: String,
}

/// The part of the page that is fetched again.
#[derive(askama::Template)]
#[template(path = "operator/overview_live.html")]
struct Live {
    paused: Option<Paused>,
    attention: Vec<Attention>,
    say: String,
    tiles: Vec<Tile>,
    jobs: Vec<Line>,
    parts: Vec<Line>,
    minutes: usize,
    columns: Vec<Column>,
    most: String,
    pace: Vec<PaceLine>,
    open: Vec<Row>,
    at: String,
}

#[derive(askama::Template)]
#[template(path = "operator/overview.html")]
struct Overview {
    frame: Frame,
    done: Option<&'static str>,
    live: Live,
}

/// What an action that led here did.
#[derive(Deserialize)]
pub(super) struct Query {
    done: Option<String>,
}

/// Shows the overview.
pub(super) async fn overview(
    operator: Operator,
    query: web::Query<Query>,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    ok(&Overview {
        frame: Frame::new("Overview", Section::Overview, &operator),
        done: actions::done(query.done.as_deref()),
        live: live(&state, operator.now).await?,
    })
}

/// Gives its figures anew.
pub(super) async fn refresh(
    operator: Operator,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    ok(&live(&state, operator.now).await?)
}

async fn live(state: &State, now: DateTime<Utc>) -> Result<Live, PageError> {
    let figures = figures(state).await?;
    let attention = attention(&figures);
    let bytes: Vec<u64> = figures.minutes.iter().map(|minute| minute.bytes).collect();
    Ok(Live {
        paused: figures.paused.as_ref().map(|pause| Paused {
            by: pause.by.reveal().to_owned(),
            since: When::new(pause.at, now),
            reason: pause.reason.clone(),
        }),
        say: say(&attention),
        attention,
        tiles: tiles(&figures),
        jobs: job_lines(&figures.counts),
        parts: part_lines(&figures.queue),
        minutes: MINUTES,
        columns: columns(&bytes),
        most: text::size(bytes.iter().copied().max().unwrap_or(0)),
        pace: pace(&figures.minutes),
        open: rows(&figures.open, now, state),
        at: When::new(now, now).absolute(),
    })
}

/// Says in a sentence what a screen reader should hear when it changes.
fn say(attention: &[Attention]) -> String {
    match attention.len() {
        0 => "Nothing needs attention.".to_owned(),
        1 => attention[0].text.clone(),
        more => format!("{more} things need attention."),
    }
}

fn tiles(figures: &Figures) -> Vec<Tile> {
    let alive = figures
        .workers
        .iter()
        .filter(|worker| worker.silent < DEAD_AFTER);
    let (workers, slots) = alive.fold((0_u64, 0_u32), |sum, worker| {
        (sum.0 + 1, sum.1 + worker.slots)
    });
    // By the leases: what workers tell of themselves is some seconds old.
    let running = figures.queue.running + figures.queue.abandoned;
    let last = figures.minutes.last().copied().unwrap_or_default();
    let oldest = figures.queue.oldest_due;
    let tile = |label, figure, note| Tile {
        label,
        figure,
        note,
    };
    vec![
        tile(
            "Jobs under way",
            text::count(figures.counts.pending + figures.counts.in_progress),
            format!(
                "{} waiting for a worker",
                text::count(figures.counts.pending)
            ),
        ),
        tile(
            "Oldest due part",
            oldest.map_or_else(|| "none".to_owned(), |age| text::duration(age.as_secs())),
            format!("{} due", text::counted(figures.queue.due, "part", "parts")),
        ),
        tile(
            "Parts running",
            format!("{} of {}", text::count(running), text::count(slots.into())),
            text::counted(workers, "worker alive", "workers alive"),
        ),
        tile(
            "Last minute",
            format!("{}/s", text::size(last.bytes / 60)),
            format!("{} resources", text::count(last.resources)),
        ),
        disk_tile(&figures.node),
    ]
}

fn disk_tile(view: &NodeView) -> Tile {
    let (figure, note) = match (view.repo_bytes, view.capacity_bytes) {
        (Some(held), Some(capacity)) => (
            format!("{} %", whole_percent(held, capacity)),
            format!("{} of {}", text::size(held), text::size(capacity)),
        ),
        (Some(held), None) => (text::size(held), "of an unknown size".to_owned()),
        (None, _) => ("unknown".to_owned(), "not measured yet".to_owned()),
    };
    Tile {
        label: "Node's disk",
        figure,
        note,
    }
}

fn job_lines(counts: &Counts) -> Vec<Line> {
    let most = Status::ALL.into_iter().map(|state| counts.of(state)).max();
    let line = |state: Status| {
        let number = counts.of(state);
        Line {
            word: word(state),
            class: state.as_str(),
            number: text::count(number),
            bar: Bar::share(number, most.unwrap_or(0), state.as_str()),
            address: Some(format!("/operator/jobs?state={}", state.as_str())),
        }
    };
    Status::ALL.into_iter().map(line).collect()
}

fn part_lines(queue: &Queue) -> Vec<Line> {
    let numbers = [
        ("running", "running", queue.running),
        ("due", "due", queue.due),
        ("resting after a failure", "look", queue.resting),
        ("without their worker", "look", queue.abandoned),
    ];
    let most = numbers.iter().map(|(_, _, number)| *number).max();
    let line = |(word, class, number)| Line {
        word,
        // What is not there needs no colour.
        class: if number == 0 { "idle" } else { class },
        number: text::count(number),
        bar: Bar::share(number, most.unwrap_or(0), class),
        address: None,
    };
    numbers.into_iter().map(line).collect()
}

fn pace(minutes: &[Span]) -> Vec<PaceLine> {
    let line = |(span, last): (&'static str, usize)| {
        let of = &minutes[minutes.len().saturating_sub(last)..];
        let sum = |number: fn(&Span) -> u64| of.iter().map(number).sum::<u64>();
        let bytes = sum(|minute| minute.bytes);
        PaceLine {
            span,
            parts: text::count(sum(|minute| minute.parts)),
            resources: text::count(sum(|minute| minute.resources)),
            bytes: text::size(bytes),
            rate: format!("{}/s", text::size(bytes / (last as u64 * 60))),
        }
    };
    [("Minute", 1), ("5 minutes", 5), ("60 minutes", MINUTES)]
        .map(line)
        .into()
}

/// Gives a state's word for people.
pub(super) const fn word(state: Status) -> &'static str {
    match state {
        Status::Pending => "pending",
        Status::InProgress => "in progress",
        Status::Completed => "completed",
        Status::Failed => "failed",
        Status::Cancelled => "cancelled",
    }
}
