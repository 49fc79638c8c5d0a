//! The screen as people read it.

use bulk_export_domain::{job::Status, text};
use bulk_export_store::{
    DEAD_AFTER,
    operator::{Attention, Level, Span, WorkerLine},
};

use super::{Answer, Screen, sweep};
use crate::{
    commands::{jobs::short, pause},
    table::{Column, Paint, Tone, Value, facts, grid, tinted},
};

pub(super) fn as_text(screen: &Screen, paint: Paint) -> String {
    let mut sections = vec![headline(screen, paint), facts(rows(screen), paint)];
    if !screen.workers.is_empty() {
        sections.push(workers(&screen.workers, paint));
    }
    sections.join("\n\n")
}

fn headline(screen: &Screen, paint: Paint) -> String {
    if screen.attention.is_empty() {
        let text = if screen.paused.is_none() {
            "Everything is as it should be."
        } else {
            "Everything is as it should be, and kick-offs are paused."
        };
        return tinted(text, Tone::Good, paint);
    }
    let line = |one: &Attention| match one.level {
        Level::Bad => ("WRONG", Value::toned(one.text.as_str(), Tone::Bad)),
        Level::Look => ("look", Value::toned(one.text.as_str(), Tone::Look)),
    };
    facts(screen.attention.iter().map(line), paint)
}

fn rows(screen: &Screen) -> Vec<(&'static str, Value)> {
    let kick_offs = match &screen.paused {
        None => "accepted".into(),
        Some(pause) => Value::toned(pause::told(pause), Tone::Look),
    };
    let mut rows = vec![("kick-offs", kick_offs), ("servers", servers(screen))];
    let alive: Vec<_> = screen
        .workers
        .iter()
        .filter(|w| w.silent < DEAD_AFTER)
        .collect();
    let slots: u64 = alive.iter().map(|worker| u64::from(worker.slots)).sum();
    let running: u64 = alive.iter().map(|worker| u64::from(worker.running)).sum();
    let claiming = alive.iter().filter(|worker| worker.claiming).count() as u64;
    let workers = format!(
        "{} alive, {} claiming; {} of {} busy",
        text::count(alive.len() as u64),
        text::count(claiming),
        text::count(running),
        text::counted(slots, "slot", "slots")
    );
    rows.extend([
        ("workers", workers.into()),
        ("queue", queue(screen).into()),
        ("jobs", jobs(screen).into()),
        ("oldest job", oldest(screen).into()),
        ("exported", exported(screen).into()),
        ("disk", disk(screen).into()),
        (
            "sweep",
            screen
                .sweep
                .as_ref()
                .map_or_else(|| "there was none yet".to_owned(), sweep::as_text)
                .into(),
        ),
        ("webhooks", webhooks(screen).into()),
    ]);
    rows
}

fn servers(screen: &Screen) -> Value {
    let servers = &screen.servers;
    let told = |answer: Option<Answer>, untold: &str| {
        answer.map_or_else(|| untold.to_owned(), |a| a.word().to_owned())
    };
    let node = if servers.node_is_used {
        "in use by workers"
    } else {
        "not asked (IPFS_API_URL)"
    };
    let text = format!(
        "PostgreSQL {} up, Redis {}, IPFS node {}",
        text::clean(&servers.postgresql),
        told(servers.redis, "not asked (REDIS_HOST)"),
        told(servers.ipfs, node)
    );
    let down = [servers.redis, servers.ipfs].contains(&Some(Answer::Down));
    Value::toned(text, if down { Tone::Bad } else { Tone::Plain })
}

fn queue(screen: &Screen) -> String {
    let queue = &screen.queue;
    let oldest = queue.oldest_due.map_or_else(String::new, |age| {
        format!(", the oldest for {}", text::length(age))
    });
    format!(
        "{} due{oldest}; {} resting, {} running, {} abandoned",
        text::counted(queue.due, "part", "parts"),
        text::count(queue.resting),
        text::count(queue.running),
        text::count(queue.abandoned)
    )
}

fn jobs(screen: &Screen) -> String {
    let states = Status::ALL.map(|state| {
        format!(
            "{} {}",
            text::count(screen.counts.of(state)),
            state.as_str()
        )
    });
    states.join(", ")
}

fn oldest(screen: &Screen) -> String {
    screen.oldest.as_ref().map_or_else(
        || "none under way".to_owned(),
        |job| {
            let (state, age) = (job.state.as_str(), text::length(job.age));
            format!(
                "{}: {state}, {} %, kicked off {age} ago",
                short(job.id),
                job.progress
            )
        },
    )
}

fn exported(screen: &Screen) -> String {
    let told = |what: &str, span: &Span, minutes: u64| {
        let resources = text::counted(span.resources, "resource", "resources");
        let rate = text::size(span.bytes / (minutes * 60));
        format!("{what}: {resources}, {}, {rate}/s", text::size(span.bytes))
    };
    let [minute, five, hour] = &screen.throughput;
    [
        told("last minute", minute, 1),
        told("5 min", five, 5),
        told("1 h", hour, 60),
    ]
    .join("; ")
}

fn disk(screen: &Screen) -> String {
    let node = &screen.node;
    let Some(held) = node.repo_bytes else {
        return "the node was not measured yet".to_owned();
    };
    let mut parts = vec![match node.capacity_bytes {
        Some(capacity) if capacity > 0 => {
            let percent = held.saturating_mul(100) / capacity;
            format!(
                "{} of {} ({percent} %)",
                text::size(held),
                text::size(capacity)
            )
        }
        _ => text::size(held),
    }];
    parts.extend(
        node.private
            .map(|private| if private { "private" } else { "NOT private" }.to_owned()),
    );
    parts.extend(
        node.measured
            .map(|age| format!("measured {} ago", text::length(age))),
    );
    if screen.queue.to_release > 0 {
        parts.push(format!(
            "{} to be let go",
            text::counted(screen.queue.to_release, "file", "files")
        ));
    }
    parts.join(", ")
}

fn webhooks(screen: &Screen) -> String {
    let (due, parked) = (screen.backlog.due, screen.backlog.parked);
    format!(
        "{} due, {} parked",
        text::counted(due, "delivery", "deliveries"),
        text::count(parked)
    )
}

fn workers(workers: &[WorkerLine], paint: Paint) -> String {
    let columns = [
        Column::Text("worker"),
        Column::Word("version"),
        Column::Figure("busy"),
        Column::Word("claims"),
        Column::Figure("up for"),
        Column::Figure("heard of"),
        Column::Text("note"),
    ];
    grid(columns, workers.iter().map(worker), paint)
}

fn worker(worker: &WorkerLine) -> [Value; 7] {
    let dead = worker.silent >= DEAD_AFTER;
    let claims = match (dead, worker.claiming) {
        (true, _) => Value::toned("dead", Tone::Bad),
        (false, true) => Value::toned("yes", Tone::Good),
        (false, false) => Value::toned("no", Tone::Look),
    };
    let up = (worker.seen_at - worker.started_at)
        .to_std()
        .unwrap_or_default();
    [
        text::clean(&worker.name).into(),
        text::clean(&worker.version).into(),
        format!("{}/{}", worker.running, worker.slots).into(),
        claims,
        text::length(up).into(),
        format!("{} ago", text::length(worker.silent)).into(),
        worker
            .note
            .as_deref()
            .map_or_else(|| "-".to_owned(), text::clean)
            .into(),
    ]
}
