//! `/operator/workers`: the workers that were heard of lately.

use actix_web::{HttpResponse, web};
use bulk_export_domain::text;
use bulk_export_store::{DEAD_AFTER, operator::WorkerLine};
use chrono::{DateTime, Utc};

use super::{
    access::Operator,
    chart::Bar,
    error::PageError,
    page::{Frame, Section, When, ok},
};
use crate::state::State;

struct Row {
    name: String,
    version: String,
    word: &'static str,
    class: &'static str,
    note: String,
    running: String,
    bar: Option<Bar>,
    started: When,
    seen: When,
}

#[derive(askama::Template)]
#[template(path = "operator/workers_live.html")]
struct Live {
    rows: Vec<Row>,
    say: String,
}

#[derive(askama::Template)]
#[template(path = "operator/workers.html")]
struct Workers {
    frame: Frame,
    live: Live,
}

/// Lists the workers.
pub(super) async fn workers(
    operator: Operator,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    ok(&Workers {
        frame: Frame::new("Workers", Section::Workers, &operator),
        live: live(&state, operator.now).await?,
    })
}

/// Gives the list anew.
pub(super) async fn refresh(
    operator: Operator,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    ok(&live(&state, operator.now).await?)
}

async fn live(state: &State, now: DateTime<Utc>) -> Result<Live, PageError> {
    let workers = state.store.worker_list().await?;
    let alive = workers.iter().filter(|worker| worker.silent < DEAD_AFTER);
    let alive = text::counted(alive.count() as u64, "worker is", "workers are");
    Ok(Live {
        rows: workers.iter().map(|worker| row(worker, now)).collect(),
        say: format!("{alive} alive."),
    })
}

fn row(worker: &WorkerLine, now: DateTime<Utc>) -> Row {
    let (word, class) = match (worker.silent < DEAD_AFTER, worker.claiming) {
        (false, _) => ("not heard of", "bad"),
        (true, true) => ("claims parts", "good"),
        (true, false) => ("claims nothing", "look"),
    };
    Row {
        name: worker.name.clone(),
        version: worker.version.clone(),
        word,
        class,
        note: worker.note.clone().unwrap_or_default(),
        running: format!("{} of {}", worker.running, worker.slots),
        bar: Bar::share(worker.running.into(), worker.slots.into(), "running"),
        started: When::new(worker.started_at, now),
        seen: When::new(worker.seen_at, now),
    }
}
