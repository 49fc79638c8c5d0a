//! `sweep`: what the last one did; with --now, a sweep at once. Talks to the database: a worker takes the request.

use std::time::Duration;

use anyhow::bail;
use bulk_export_domain::{config::Variables, text};
use bulk_export_store::{
    DEAD_AFTER, Store,
    operator::{Swept, WorkerLine},
};
use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};

use super::{print, session::interruptible};
use crate::{operator, progress};

/// How often it is looked whether the sweep has ended.
const LOOK: Duration = Duration::from_millis(300);

/// The arguments of `sweep`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ask the workers for a sweep now, and wait until it has ended.
    #[arg(long)]
    now: bool,
    /// How long to wait, such as 30s or 1h. The request stays when it is over.
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = humantime::parse_duration, requires = "now")]
    timeout: Duration,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// No database, no worker, or no sweep in time.
pub async fn run(args: Args, variables: &Variables) -> anyhow::Result<()> {
    let store = operator::store(variables)?;
    let swept = if args.now {
        Some(now(&store, args.timeout).await?)
    } else {
        store.last_sweep().await?
    };
    match swept {
        Some(swept) if args.json => print(&as_json(swept).to_string()),
        Some(swept) => print(&as_text(&swept)),
        None if args.json => print("null"),
        None => print("there was no sweep yet"),
    }
}

async fn now(store: &Store, patience: Duration) -> anyhow::Result<Swept> {
    let wanted = store.want_sweep(operator::person()).await?;
    if store.worker_list().await?.iter().all(is_dead) {
        bail!("no worker is alive; the first that starts will sweep");
    }
    let spinner = progress::spinner("sweeping");
    let ended = tokio::time::timeout(patience, end(store, wanted));
    let ended = interruptible(ended, "the request stays: a worker will sweep").await?;
    drop(spinner);
    match ended {
        Ok(swept) => swept,
        Err(_) => bail!(
            "no sweep has ended within {} (--timeout); the request stays. Workers sweep only while the IPFS node is up: see bulk-export status",
            humantime::format_duration(patience)
        ),
    }
}

fn is_dead(worker: &WorkerLine) -> bool {
    worker.silent >= DEAD_AFTER
}

async fn end(store: &Store, wanted: DateTime<Utc>) -> anyhow::Result<Swept> {
    loop {
        // A sweep that was under way when this one was asked for does not count.
        if !store.sweep_waits(wanted).await?
            && let Some(swept) = store.last_sweep().await?
        {
            return Ok(swept);
        }
        tokio::time::sleep(LOOK).await;
    }
}

pub(super) fn as_text(swept: &Swept) -> String {
    let report = &swept.report;
    let pins = report.pins.map_or_else(
        || "pins could not be listed".to_owned(),
        |(pins, unowned)| {
            format!(
                "{} left on the node, {} unowned",
                text::counted(pins, "pin", "pins"),
                text::count(unowned)
            )
        },
    );
    format!(
        "swept {} UTC in {}: released {} and {}, removed {}, {} failed; {pins}",
        swept.at.format("%Y-%m-%d %H:%M:%S"),
        text::length(report.took),
        text::counted(report.files, "file", "files"),
        text::counted(report.orphans, "unowned pin", "unowned pins"),
        text::counted(report.jobs, "job", "jobs"),
        text::count(report.failed),
    )
}

pub(super) fn as_json(swept: Swept) -> Json {
    let report = swept.report;
    json!({
        "sweptAt": swept.at,
        "seconds": report.took.as_secs_f64(),
        "files": report.files,
        "jobs": report.jobs,
        "orphans": report.orphans,
        "failed": report.failed,
        "nodePins": report.pins.map(|(pins, _)| pins),
        "unownedPins": report.pins.map(|(_, unowned)| unowned),
    })
}
