//! What needs an operator's attention, by the figures of the overview. The same causes have alerts in
//! `deploy/observability`, which look for longer; here a look is enough.

use std::time::Duration;

use bulk_export_domain::text;
use bulk_export_store::DEAD_AFTER;

use super::Figures;
use crate::operator::chart::whole_percent;

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
pub(in crate::operator) enum Level {
    /// Something does not work.
    Bad,
    /// Something may need a person soon.
    Look,
}

impl Level {
    /// Gives the class of the style sheet.
    pub(in crate::operator) const fn class(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Look => "look",
        }
    }

    /// Gives the word that says it.
    pub(in crate::operator) const fn word(self) -> &'static str {
        match self {
            Self::Bad => "Wrong",
            Self::Look => "Look",
        }
    }
}

/// One thing that needs attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::operator) struct Attention {
    /// How bad it is.
    pub(in crate::operator) level: Level,
    /// What it is.
    pub(in crate::operator) text: String,
    /// Where there is more about it, and what the link says.
    pub(in crate::operator) link: (&'static str, &'static str),
}

const WORKERS: (&str, &str) = ("/operator/workers", "Workers");
const NODE: (&str, &str) = ("/operator/node", "Pins and disk");

/// Lists what needs attention, the worst first.
pub(super) fn attention(figures: &Figures) -> Vec<Attention> {
    let mut found = Vec::new();
    let mut note = |level, text: String, link| found.push(Attention { level, text, link });
    workers(figures, &mut note);
    queue(figures, &mut note);
    node(figures, &mut note);
    let failed = figures.counts.failed;
    if failed > 0 {
        let jobs = text::counted(failed, "job has failed and is", "jobs have failed and are");
        note(
            Level::Look,
            format!("{jobs} not yet removed."),
            ("/operator/jobs?state=failed", "Failed jobs"),
        );
    }
    if figures.parked {
        note(
            Level::Look,
            "Receivers of webhooks did not take what they were told: it was given up.".to_owned(),
            ("/operator/webhooks?state=parked", "Parked deliveries"),
        );
    }
    // Stable: what was found first stays first.
    found.sort_by_key(|one| one.level != Level::Bad);
    found
}

type Note<'a> = &'a mut dyn FnMut(Level, String, (&'static str, &'static str));

fn workers(figures: &Figures, note: Note<'_>) {
    let (alive, gone): (Vec<_>, Vec<_>) = figures
        .workers
        .iter()
        .partition(|worker| worker.silent < DEAD_AFTER);
    if alive.is_empty() {
        note(
            Level::Bad,
            "No worker is alive: nothing runs until one starts.".to_owned(),
            WORKERS,
        );
    } else if alive.iter().all(|worker| !worker.claiming) {
        let why = alive.iter().find_map(|worker| worker.note.as_deref());
        let why = why.unwrap_or("they do not say why");
        note(
            Level::Bad,
            format!("No worker claims parts: {why}."),
            WORKERS,
        );
    }
    if !gone.is_empty() {
        let gone = text::counted(gone.len() as u64, "worker was", "workers were");
        note(
            Level::Look,
            format!("{gone} not heard of for more than a minute and did not say goodbye."),
            WORKERS,
        );
    }
}

fn queue(figures: &Figures, note: Note<'_>) {
    let jobs = ("/operator/jobs?state=open", "Jobs under way");
    if let Some(age) = figures.queue.oldest_due
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
            format!("The oldest due part has waited for {age}."),
            jobs,
        );
    }
    if figures.queue.abandoned > 0 {
        let parts = text::counted(figures.queue.abandoned, "part has", "parts have");
        note(
            Level::Look,
            format!("{parts} lost the worker, and will be taken over by another."),
            jobs,
        );
    }
}

fn node(figures: &Figures, note: Note<'_>) {
    let seen = &figures.node;
    if seen.private == Some(false) {
        note(
            Level::Bad,
            "The IPFS node is not private: what it holds can be fetched by anybody.".to_owned(),
            NODE,
        );
    }
    if let (Some(held), Some(capacity)) = (seen.repo_bytes, seen.capacity_bytes) {
        let percent = whole_percent(held, capacity);
        if percent >= NEARLY_FULL {
            let level = if percent >= FULL {
                Level::Bad
            } else {
                Level::Look
            };
            note(level, format!("The node is {percent} % full."), NODE);
        }
    }
    if let Some(age) = seen.measured.filter(|age| *age >= LONG_UNMEASURED) {
        let age = text::duration(age.as_secs());
        note(
            Level::Look,
            format!("No worker has measured the node for {age}."),
            NODE,
        );
    }
    if let Some(age) = seen.swept.filter(|age| *age >= LONG_UNSWEPT) {
        let age = text::duration(age.as_secs());
        note(
            Level::Look,
            format!("The last sweep ended {age} ago."),
            NODE,
        );
    }
    if let Some(unowned) = seen.unowned_pins.filter(|pins| *pins > 0) {
        let pins = text::counted(unowned, "pin has", "pins have");
        note(Level::Look, format!("{pins} no owner."), NODE);
    }
}

#[cfg(test)]
mod tests;
