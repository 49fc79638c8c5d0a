//! What needs an operator's attention, by one look at the figures. The same causes have alerts in `deploy/observability`,
//! which look for longer. The words name nobody.

use std::time::Duration;

use bulk_export_domain::text;

use super::{Backlog, Counts, NodeView, Queue, WorkerLine};
use crate::workers::DEAD_AFTER;

/// Parts wait no longer than this while there are enough workers.
const LONG_DUE: Duration = Duration::from_mins(1);
const TOO_LONG_DUE: Duration = Duration::from_mins(5);

/// Workers measure the node far more often.
const LONG_UNMEASURED: Duration = Duration::from_mins(5);

/// Sweeps are an hour apart unless configured otherwise.
const LONG_UNSWEPT: Duration = Duration::from_hours(3);

/// How full the node may be, in percent.
const NEARLY_FULL: u64 = 85;
const FULL: u64 = 95;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something does not work.
    Bad,
    /// Something may need a person soon.
    Look,
}

/// Where there is more about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The workers.
    Workers,
    /// The jobs under way.
    OpenJobs,
    /// The failed jobs.
    FailedJobs,
    /// The node, its pins and the sweep.
    Node,
    /// The deliveries that were given up.
    Webhooks,
}

impl About {
    /// Gives the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workers => "workers",
            Self::OpenJobs => "open_jobs",
            Self::FailedJobs => "failed_jobs",
            Self::Node => "node",
            Self::Webhooks => "webhooks",
        }
    }
}

/// One thing that needs attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attention {
    /// How bad it is.
    pub level: Level,
    /// What it is about.
    pub about: About,
    /// What it is, as a sentence.
    pub text: String,
}

/// The figures that are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Signs<'a> {
    /// The workers that were heard of lately.
    pub workers: &'a [WorkerLine],
    /// The parts of jobs under way.
    pub queue: &'a Queue,
    /// The node.
    pub node: &'a NodeView,
    /// The jobs by state.
    pub counts: &'a Counts,
    /// The deliveries that wait.
    pub backlog: &'a Backlog,
}

/// Lists what needs attention, the worst first.
#[must_use]
pub fn attention(signs: &Signs<'_>) -> Vec<Attention> {
    let mut found = Vec::new();
    let mut note = |level, about, text| found.push(Attention { level, about, text });
    workers(signs.workers, &mut note);
    queue(signs.queue, &mut note);
    of_node(signs.node, &mut note);
    if signs.counts.failed > 0 {
        let jobs = text::counted(
            signs.counts.failed,
            "job has failed and is",
            "jobs have failed and are",
        );
        note(
            Level::Look,
            About::FailedJobs,
            format!("{jobs} not yet removed."),
        );
    }
    if signs.backlog.parked > 0 {
        let parked = text::counted(signs.backlog.parked, "delivery", "deliveries");
        note(
            Level::Look,
            About::Webhooks,
            format!("Receivers of webhooks did not take what they were told: {parked} given up."),
        );
    }
    // Stable: what was found first stays first.
    found.sort_by_key(|one| one.level != Level::Bad);
    found
}

type Note<'a> = &'a mut dyn FnMut(Level, About, String);

fn workers(workers: &[WorkerLine], note: Note<'_>) {
    let (alive, gone): (Vec<_>, Vec<_>) = workers
        .iter()
        .partition(|worker| worker.silent < DEAD_AFTER);
    if alive.is_empty() {
        let text = "No worker is alive: nothing runs until one starts.";
        note(Level::Bad, About::Workers, text.to_owned());
    } else if alive.iter().all(|worker| !worker.claiming) {
        let why = alive.iter().find_map(|worker| worker.note.as_deref());
        let why = why.unwrap_or("they do not say why");
        note(
            Level::Bad,
            About::Workers,
            format!("No worker claims parts: {why}."),
        );
    }
    if !gone.is_empty() {
        let gone = text::counted(gone.len() as u64, "worker was", "workers were");
        note(
            Level::Look,
            About::Workers,
            format!("{gone} not heard of for more than a minute and did not say goodbye."),
        );
    }
}

fn queue(queue: &Queue, note: Note<'_>) {
    if let Some(age) = queue.oldest_due
        && age >= LONG_DUE
    {
        let level = if age >= TOO_LONG_DUE {
            Level::Bad
        } else {
            Level::Look
        };
        let age = text::duration(age.as_secs());
        note(
            level,
            About::OpenJobs,
            format!("The oldest due part has waited for {age}."),
        );
    }
    if queue.abandoned > 0 {
        let parts = text::counted(queue.abandoned, "part has", "parts have");
        note(
            Level::Look,
            About::OpenJobs,
            format!("{parts} lost the worker, and will be taken over by another."),
        );
    }
}

fn of_node(view: &NodeView, note: Note<'_>) {
    let mut note = |level, text| note(level, About::Node, text);
    if view.private == Some(false) {
        let text = "The IPFS node is not private: what it holds can be fetched by anybody.";
        note(Level::Bad, text.to_owned());
    }
    if let (Some(held), Some(capacity)) = (view.repo_bytes, view.capacity_bytes)
        && let Some(percent) = held.saturating_mul(100).checked_div(capacity)
        && percent >= NEARLY_FULL
    {
        let level = if percent >= FULL {
            Level::Bad
        } else {
            Level::Look
        };
        note(level, format!("The node is {percent} % full."));
    }
    if let Some(age) = view.measured.filter(|age| *age >= LONG_UNMEASURED) {
        let age = text::duration(age.as_secs());
        note(
            Level::Look,
            format!("No worker has measured the node for {age}."),
        );
    }
    if let Some(age) = view.swept.filter(|age| *age >= LONG_UNSWEPT) {
        let age = text::duration(age.as_secs());
        note(Level::Look, format!("The last sweep ended {age} ago."));
    }
    if let Some(unowned) = view.unowned_pins.filter(|pins| *pins > 0) {
        let pins = text::counted(unowned, "pin has", "pins have");
        note(Level::Look, format!("{pins} no owner."));
    }
}

#[cfg(test)]
mod tests;
