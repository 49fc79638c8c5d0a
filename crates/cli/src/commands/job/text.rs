//! One job as people read it.

use bulk_export_domain::{job::Status, text};
use bulk_export_store::operator::{FileLine, JobView, PartLine, TimelineEntry, Whose};
use chrono::{DateTime, Utc};

use super::Told;
use crate::table::{Column, Paint, Tone, Value, facts, grid};

const NOTHING: &str = "-";

pub(super) fn as_text(told: &Told, paint: Paint) -> String {
    let mut sections = vec![
        facts(head(&told.view), paint),
        parts(
            &told.parts,
            told.view.parts.all(),
            told.view.created_at,
            paint,
        ),
    ];
    if let Some(files) = &told.files {
        sections.push(file_table(files, told.view.files, paint));
    }
    sections.push(timeline(&told.timeline, paint));
    sections.retain(|section| !section.is_empty());
    sections.join("\n\n")
}

fn head(job: &JobView) -> Vec<(&'static str, Value)> {
    let state = match job.state {
        Status::InProgress => format!("in_progress, {} %", job.progress),
        state if job.expired => format!("{}, expired", state.as_str()),
        state => state.as_str().to_owned(),
    };
    let mut facts = vec![
        ("job", job.id.to_string().into()),
        ("state", Value::toned(state, Tone::of_job(job.state))),
    ];
    if let Some(error) = &job.error {
        facts.push(("reason", Value::toned(text::clean(error), Tone::Bad)));
    }
    let client = text::clean(job.requester.reveal());
    let whose = match job.whose {
        Whose::Everyone => "everyone's",
        Whose::OnePatient => "one patient's",
    };
    facts.extend([
        ("client", format!("{client} ({})", job.role.as_str()).into()),
        ("data", whose.into()),
        ("types", types(&job.types).into()),
    ]);
    if let Some(since) = job.since {
        facts.push(("since", precise(since).into()));
    }
    if let Some(most) = job.file_rows {
        let most = text::counted(most, "resource", "resources");
        facts.push(("files of", format!("at most {most}").into()));
    }
    facts.extend([
        ("transaction time", precise(job.transaction_time).into()),
        ("kicked off", instant(job.created_at).into()),
    ]);
    if let Some(at) = job.ended_at {
        let took = (at - job.created_at).to_std().unwrap_or_default();
        facts.push((
            "ended",
            format!("{}, after {}", instant(at), text::length(took)).into(),
        ));
    }
    if let Some(at) = job.expires_at {
        facts.push(("expires", instant(at).into()));
    }
    let resources = job
        .resources
        .map_or_else(|| NOTHING.to_owned(), text::count);
    let files = text::counted(job.files, "file", "files");
    facts.extend([
        ("resources", resources.into()),
        (
            "files",
            format!("{files}, {}", text::size(job.bytes)).into(),
        ),
        ("parts", counts(job).into()),
    ]);
    facts
}

/// Names so many types that they fit two lines; --json names all.
fn types(types: &[String]) -> String {
    const SHOWN: usize = 10;
    let (shown, others) = types.split_at(types.len().min(SHOWN));
    let shown = shown.join(", ");
    if others.is_empty() {
        shown
    } else {
        format!("{shown} and {} more", others.len())
    }
}

fn counts(job: &JobView) -> String {
    let parts = &job.parts;
    let states = [
        (parts.due, "due"),
        (parts.running, "running"),
        (parts.done, "done"),
        (parts.failed, "failed"),
        (parts.cancelled, "cancelled"),
    ];
    let states = states.into_iter().filter(|(number, _)| *number > 0);
    let states: Vec<_> = states
        .map(|(number, word)| format!("{} {word}", text::count(number)))
        .collect();
    format!(
        "{}: {}; {}, {} handed back",
        text::count(parts.all()),
        states.join(", "),
        text::counted(parts.attempts, "attempt", "attempts"),
        text::count(parts.handed_back)
    )
}

fn parts(parts: &[PartLine], all: u64, kicked_off: DateTime<Utc>, paint: Paint) -> String {
    let columns = [
        Column::Figure("part"),
        Column::Text("what"),
        Column::Word("state"),
        Column::Figure("tries"),
        Column::Figure("back"),
        Column::Text("worker"),
        Column::Figure("began after"),
        Column::Figure("took"),
        Column::Figure("resources"),
        Column::Figure("size"),
    ];
    let rows = parts.iter().map(|part| row(part, kicked_off));
    let mut text = grid(columns, rows, paint);
    let reasons = parts.iter().filter_map(|part| {
        let error = text::clean(part.error.as_deref()?);
        let name = format!("part {}: {error}", part.ordinal);
        Some(facts([("", Value::toned(name, Tone::Bad))], paint))
    });
    for reason in reasons {
        text = format!("{text}\n{}", reason.trim_start());
    }
    rest(text, parts.len(), all)
}

fn row(part: &PartLine, kicked_off: DateTime<Utc>) -> [Value; 10] {
    let what = part.resource_type.as_deref().unwrap_or(&part.kind);
    let between =
        |from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>| (to? - from?).to_std().ok();
    let waited = between(Some(kicked_off), part.started_at);
    let took = between(part.started_at, part.ended_at);
    let dash = || NOTHING.to_owned();
    [
        part.ordinal.to_string().into(),
        what.into(),
        Value::toned(part.state.as_str(), Tone::of_part(part.state)),
        part.attempts.to_string().into(),
        part.handed_back.to_string().into(),
        part.worker.as_deref().map_or_else(dash, text::clean).into(),
        waited.map_or_else(dash, text::length).into(),
        took.map_or_else(dash, text::length).into(),
        text::count(part.rows).into(),
        text::size(part.bytes).into(),
    ]
}

fn file_table(files: &[FileLine], all: u64, paint: Paint) -> String {
    let facts = |file: &FileLine| {
        [
            file.resource_type.clone(),
            text::count(file.rows),
            text::size(file.bytes),
            file.coding.clone(),
        ]
    };
    let columns = [
        Column::Word("type"),
        Column::Figure("resources"),
        Column::Figure("size"),
        Column::Word("coding"),
    ];
    // A CID is a name to be copied: it has a line of its own where both do not fit.
    let with_cids = files.iter().any(|file| file.cid.is_some());
    let text = if with_cids {
        let line = |file: &FileLine| {
            let cid = file.cid.as_deref().unwrap_or(NOTHING);
            format!("{}\n  {cid}", facts(file).join("  "))
        };
        let lines: Vec<_> = files.iter().map(line).collect();
        lines.join("\n")
    } else {
        grid(
            columns,
            files.iter().map(|file| facts(file).map(Value::from)),
            paint,
        )
    };
    rest(text, files.len(), all)
}

fn timeline(entries: &[TimelineEntry], paint: Paint) -> String {
    let columns = [
        Column::Word("at (UTC)"),
        Column::Word("action"),
        Column::Word("outcome"),
        Column::Text("who"),
        Column::Text("detail"),
    ];
    let row = |entry: &TimelineEntry| {
        let who = entry.who.as_ref().map(|who| text::clean(who.reveal()));
        let detail = entry.detail.as_deref().map(text::clean);
        [
            instant(entry.at).into(),
            entry.action.as_str().into(),
            entry.outcome.as_str().into(),
            who.unwrap_or_else(|| NOTHING.to_owned()).into(),
            detail.unwrap_or_else(|| NOTHING.to_owned()).into(),
        ]
    };
    grid(columns, entries.iter().map(row), paint)
}

/// Says that there is more than is shown.
fn rest(text: String, shown: usize, all: u64) -> String {
    let more = all.saturating_sub(shown as u64);
    if more == 0 {
        return text;
    }
    format!("{text}\nand {} more: --limit, --all", text::count(more))
}

fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn precise(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}
