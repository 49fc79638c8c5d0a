//! `/operator/node`: what the IPFS node holds, what of it is ours, and what the last sweep did.

use actix_web::{HttpResponse, web};
use bulk_export_domain::text;
use bulk_export_store::operator::{NodeView, OwnedPins, Swept};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{
    access::Operator,
    actions,
    chart::{Bar, whole_percent},
    error::PageError,
    page::{Frame, Section, When, ok},
};
use crate::state::State;

/// How full the node may be before its bar changes colour, in percent.
const NEARLY_FULL: u64 = 85;

/// What an action that led here did.
#[derive(Deserialize)]
pub(super) struct Query {
    done: Option<String>,
}

struct Disk {
    percent: u64,
    bar: Option<Bar>,
    held: String,
    capacity: String,
}

struct Sweep {
    at: When,
    facts: Vec<(&'static str, String)>,
}

#[derive(askama::Template)]
#[template(path = "operator/node.html")]
struct Node {
    frame: Frame,
    done: Option<&'static str>,
    disk: Option<Disk>,
    private: Option<bool>,
    facts: Vec<(&'static str, String)>,
    owned: Vec<(&'static str, String)>,
    sweep: Option<Sweep>,
}

/// Shows the node.
pub(super) async fn node(
    operator: Operator,
    query: web::Query<Query>,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    let view = state.store.node_view().await?;
    // Reads every file's row.
    let read = async || Ok::<_, PageError>(state.store.owned_pins().await?);
    let owned = state.operator.owned.get(read).await?;
    let swept = state.store.last_sweep().await?;
    ok(&Node {
        frame: Frame::new("Pins and disk", Section::Node, &operator),
        done: actions::done(query.done.as_deref()),
        disk: disk(&view),
        private: view.private,
        facts: facts(&view),
        owned: owned_facts(&owned),
        sweep: swept.map(|swept| sweep(&swept, operator.now)),
    })
}

fn disk(view: &NodeView) -> Option<Disk> {
    let (held, capacity) = view.repo_bytes.zip(view.capacity_bytes)?;
    let percent = whole_percent(held, capacity);
    let class = if percent < NEARLY_FULL { "busy" } else { "bad" };
    Some(Disk {
        percent,
        bar: Bar::share(held, capacity, class),
        held: text::size(held),
        capacity: text::size(capacity),
    })
}

fn facts(view: &NodeView) -> Vec<(&'static str, String)> {
    let ago = |age: Option<std::time::Duration>, never: &str| {
        age.map_or_else(
            || never.to_owned(),
            |age| format!("{} ago", text::duration(age.as_secs())),
        )
    };
    let number =
        |number: Option<u64>| number.map_or_else(|| "not counted yet".to_owned(), text::count);
    vec![
        ("Measured", ago(view.measured, "not yet")),
        ("Pins of ours", number(view.pins)),
        ("Pins without an owner", number(view.unowned_pins)),
        ("Last collection", ago(view.collected, "none yet")),
        (
            "Released since",
            text::counted(view.garbage, "file", "files"),
        ),
    ]
}

fn owned_facts(owned: &OwnedPins) -> Vec<(&'static str, String)> {
    let files = |number, bytes| {
        let files = text::counted(number, "file", "files");
        format!("{files}, {}", text::size(bytes))
    };
    vec![
        ("Pins", text::count(owned.pins)),
        ("Files", files(owned.files, owned.bytes)),
        (
            "Of these about to go",
            files(owned.ending_files, owned.ending_bytes),
        ),
    ]
}

fn sweep(swept: &Swept, now: DateTime<Utc>) -> Sweep {
    let report = &swept.report;
    let facts = vec![
        (
            "Took",
            format!(
                "{} ms",
                text::count(u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX))
            ),
        ),
        ("Files released", text::count(report.files)),
        ("Jobs removed", text::count(report.jobs)),
        (
            "Pins without an owner released",
            text::count(report.orphans),
        ),
        ("Could not be released", text::count(report.failed)),
    ];
    Sweep {
        at: When::new(swept.at, now),
        facts,
    }
}
