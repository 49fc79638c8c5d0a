//! `job`: one job, explained: its parts, their attempts and reasons, and what was done to it. Talks to the database.

mod text;

use bulk_export_domain::{config::Variables, ids::JobId, part::PartState};
use bulk_export_store::{
    Store,
    operator::{FileLine, JobView, MOST_ROWS, PartLine, Person, TimelineEntry, Whose},
};
use serde_json::{Value as Json, json};

use super::print;
use crate::{operator, table::Paint};

/// Parts are shown in this order: what is wrong comes first.
const ORDER: [PartState; 5] = [
    PartState::Failed,
    PartState::Running,
    PartState::Due,
    PartState::Cancelled,
    PartState::Done,
];

/// The arguments of `job`.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub struct Args {
    /// The job's id, or the beginning of it.
    #[arg(value_name = "JOB")]
    job: String,
    /// At most so many parts, those that are not done first, and so many lines of the timeline and files.
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=MOST_ROWS))]
    limit: i64,
    /// Everything.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// The files too.
    #[arg(long)]
    files: bool,
    /// The files with their CIDs: whoever has a CID and a way to the node has the file.
    #[arg(long)]
    cids: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// All that is shown of a job.
pub(super) struct Told {
    view: JobView,
    parts: Vec<PartLine>,
    timeline: Vec<TimelineEntry>,
    files: Option<Vec<FileLine>>,
}

/// Runs the command.
///
/// # Errors
/// No such job, or no database.
pub async fn run(args: Args, variables: &Variables) -> anyhow::Result<()> {
    let store = operator::store(variables)?;
    let id = operator::job(&store, &args.job, false).await?;
    let most = if args.all { i64::MAX } else { args.limit };
    let told = Told {
        view: store
            .job_view(id)
            .await?
            .ok_or_else(|| operator::no_such_job(&id.to_string()))?,
        parts: parts(&store, id, most).await?,
        timeline: timeline(&store, id, most).await?,
        files: match (args.files || args.cids).then_some(args.cids) {
            Some(cids) => Some(files(&store, id, most, cids).await?),
            None => None,
        },
    };
    print(&if args.json {
        as_json(&told).to_string()
    } else {
        text::as_text(&told, Paint::of(variables))
    })
}

async fn parts(store: &Store, id: JobId, most: i64) -> anyhow::Result<Vec<PartLine>> {
    let mut parts = Vec::new();
    for state in ORDER {
        let mut after = None;
        while let Some(room) = room(most, parts.len()) {
            let page = store.job_parts(id, Some(state), after, room).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.ordinal);
            parts.extend(page);
        }
    }
    Ok(parts)
}

/// The latest lines: how it began is in the job's row.
async fn timeline(store: &Store, id: JobId, most: i64) -> anyhow::Result<Vec<TimelineEntry>> {
    let mut lines = Vec::new();
    let mut after = 0;
    loop {
        let page = store.job_timeline(id, after, MOST_ROWS).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        lines.extend(page);
        let surplus = lines
            .len()
            .saturating_sub(usize::try_from(most).unwrap_or(usize::MAX));
        lines.drain(..surplus);
    }
    Ok(lines)
}

async fn files(store: &Store, id: JobId, most: i64, cids: bool) -> anyhow::Result<Vec<FileLine>> {
    let mut files: Vec<FileLine> = Vec::new();
    while let Some(room) = room(most, files.len()) {
        let after = files.last().map(|file| (file.ordinal, file.number));
        let page = store.job_files(id, after, room, cids).await?;
        if page.is_empty() {
            break;
        }
        files.extend(page);
    }
    Ok(files)
}

/// How many more of at most so many, a page at a time.
fn room(most: i64, held: usize) -> Option<i64> {
    let room = most.saturating_sub(i64::try_from(held).unwrap_or(i64::MAX));
    (room > 0).then(|| room.min(MOST_ROWS))
}

const fn whose(whose: Whose) -> &'static str {
    match whose {
        Whose::Everyone => "everyone",
        Whose::OnePatient => "one_patient",
    }
}

fn as_json(told: &Told) -> Json {
    let job = &told.view;
    json!({
        "job": job.id,
        "state": job.state.as_str(),
        "expired": job.expired,
        "progress": job.progress,
        "error": job.error,
        "client": job.requester.reveal(),
        "role": job.role.as_str(),
        "data": whose(job.whose),
        "types": job.types,
        "since": job.since,
        "fileResources": job.file_rows,
        "transactionTime": job.transaction_time,
        "createdAt": job.created_at,
        "updatedAt": job.updated_at,
        "endedAt": job.ended_at,
        "expiresAt": job.expires_at,
        "resources": job.resources,
        "files": job.files,
        "bytes": job.bytes,
        "partCounts": {
            "due": job.parts.due,
            "running": job.parts.running,
            "done": job.parts.done,
            "failed": job.parts.failed,
            "cancelled": job.parts.cancelled,
            "attempts": job.parts.attempts,
            "handedBack": job.parts.handed_back,
        },
        "parts": told.parts.iter().map(part_as_json).collect::<Vec<_>>(),
        "timeline": told.timeline.iter().map(entry_as_json).collect::<Vec<_>>(),
        "fileList": told.files.as_ref().map(|files| files.iter().map(file_as_json).collect::<Vec<_>>()),
    })
}

fn part_as_json(part: &PartLine) -> Json {
    json!({
        "part": part.ordinal,
        "kind": part.kind,
        "type": part.resource_type,
        "state": part.state.as_str(),
        "attempts": part.attempts,
        "handedBack": part.handed_back,
        "worker": part.worker,
        "startedAt": part.started_at,
        "endedAt": part.ended_at,
        "nextAt": (part.state == PartState::Due).then_some(part.next_at),
        "leaseUntil": part.lease_until,
        "resources": part.rows,
        "bytes": part.bytes,
        "error": part.error,
    })
}

fn entry_as_json(entry: &TimelineEntry) -> Json {
    json!({
        "at": entry.at,
        "action": entry.action,
        "outcome": entry.outcome,
        "who": entry.who.as_ref().map(Person::reveal),
        "detail": entry.detail,
    })
}

fn file_as_json(file: &FileLine) -> Json {
    json!({
        "file": file.id,
        "part": file.ordinal,
        "type": file.resource_type,
        "resources": file.rows,
        "bytes": file.bytes,
        "coding": file.coding,
        "cid": file.cid,
    })
}

#[cfg(test)]
mod tests;
