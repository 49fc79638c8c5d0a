//! `jobs`: the list of jobs, newest first. Talks to the database.

use std::io::{self, Write};

use bulk_export_domain::{
    config::Variables, ids::JobId, job::Status, resource_type::ResourceType, text,
};
use bulk_export_store::{
    Store,
    operator::{Cursor, Filter, JobLine, MOST_ROWS, Person},
};
use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};

use super::print;
use crate::{
    operator,
    table::{Column, Paint, Tone, Value, grid},
};

/// The arguments of `jobs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only those in these states: pending, `in_progress`, completed, failed, cancelled.
    #[arg(long = "state", value_name = "STATE", value_delimiter = ',', value_parser = state)]
    states: Vec<Status>,
    /// Only those of this client: the 'sub' of its tokens.
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// Only those that export this type.
    #[arg(long = "type", value_name = "TYPE")]
    resource_type: Option<ResourceType>,
    /// Only those whose id, or whose client's, begins so.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only those kicked off at or after this instant, such as 2026-01-31T08:00:00Z.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    since: Option<DateTime<Utc>>,
    /// Only those kicked off before this instant.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    until: Option<DateTime<Utc>>,
    /// At most so many.
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=MOST_ROWS))]
    limit: i64,
    /// All of them, read in pages.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Go on after the page that ended with this word.
    #[arg(long, value_name = "WORD")]
    after: Option<Cursor>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn state(word: &str) -> Result<Status, String> {
    let words = Status::ALL.map(Status::as_str).join(", ");
    Status::parse(word).ok_or_else(|| format!("one of {words} is expected"))
}

pub(super) fn instant(text: &str) -> Result<DateTime<Utc>, &'static str> {
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.with_timezone(&Utc))
        .map_err(|_| "an instant with a time zone is expected, such as 2026-01-31T08:00:00Z")
}

impl Args {
    fn filter(&self) -> Filter {
        Filter {
            states: self.states.clone(),
            requester: self.client.clone().map(Person::new),
            resource_type: self.resource_type,
            search: self.search.clone().map(Person::new),
            since: self.since,
            until: self.until,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// No database.
pub async fn run(args: Args, variables: &Variables) -> anyhow::Result<()> {
    let (store, paint) = (operator::store(variables)?, Paint::of(variables));
    if args.all {
        return all(&args, &store, paint).await;
    }
    let page = store
        .job_list(args.filter(), args.after, args.limit)
        .await?;
    if args.json {
        let page: Vec<Json> = page.iter().map(as_json).collect();
        return print(&Json::from(page).to_string());
    }
    if page.is_empty() {
        return print("no jobs");
    }
    print(&table(&page, paint))?;
    let full = i64::try_from(page.len()).is_ok_and(|rows| rows == args.limit);
    if let Some(last) = page.last().filter(|_| full) {
        eprintln!("There may be more: --after {}, or --all", last.cursor());
    }
    Ok(())
}

/// Writes every page as it is read: there may be hundreds of thousands of jobs.
async fn all(args: &Args, store: &Store, paint: Paint) -> anyhow::Result<()> {
    let (mut after, mut first) = (args.after, true);
    loop {
        let page = store.job_list(args.filter(), after, MOST_ROWS).await?;
        let end = i64::try_from(page.len()).is_ok_and(|rows| rows < MOST_ROWS);
        let text = if args.json {
            lines(&page, first, end)
        } else if page.is_empty() && first {
            "no jobs\n".to_owned()
        } else if page.is_empty() {
            String::new()
        } else {
            format!("{}\n", table(&page, paint))
        };
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            // Whoever reads has read enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
        if end {
            return Ok(());
        }
        after = page.last().map(JobLine::cursor);
        first = false;
    }
}

/// Writes a page of one long array.
fn lines(page: &[JobLine], first: bool, end: bool) -> String {
    let mut text = String::new();
    for (at, job) in page.iter().enumerate() {
        text += if first && at == 0 { "[" } else { "," };
        text += &as_json(job).to_string();
        text += "\n";
    }
    match (end, first && page.is_empty()) {
        (true, true) => "[]\n".to_owned(),
        (true, false) => text + "]\n",
        (false, _) => text,
    }
}

fn table(jobs: &[JobLine], paint: Paint) -> String {
    let columns = [
        Column::Word("job"),
        Column::Word("state"),
        Column::Text("client"),
        Column::Text("types"),
        Column::Figure("resources"),
        Column::Figure("size"),
        Column::Word("kicked off (UTC)"),
    ];
    grid(columns, jobs.iter().map(row), paint)
}

fn row(job: &JobLine) -> [Value; 7] {
    let state = match job.state {
        Status::InProgress => format!("in_progress {} %", job.progress),
        state => state.as_str().to_owned(),
    };
    [
        short(job.id).into(),
        Value::toned(state, Tone::of_job(job.state)),
        text::clean(job.requester.reveal()).into(),
        types(&job.types).into(),
        job.resources
            .map_or_else(|| "-".to_owned(), text::count)
            .into(),
        text::size(job.bytes).into(),
        job.created_at.format("%Y-%m-%d %H:%M").to_string().into(),
    ]
}

/// Gives the beginning of an id: enough for people, and for `job`, `cancel` and `retry`.
pub(super) fn short(job: JobId) -> String {
    job.to_string().chars().take(8).collect()
}

/// Names the first types and counts the others.
fn types(types: &[String]) -> String {
    match types {
        [] => "-".to_owned(),
        [one] => one.clone(),
        [one, others @ ..] => format!("{one} +{}", others.len()),
    }
}

fn as_json(job: &JobLine) -> Json {
    json!({
        "job": job.id,
        "state": job.state.as_str(),
        "progress": job.progress,
        "client": job.requester.reveal(),
        "role": job.role.as_str(),
        "types": job.types,
        "resources": job.resources,
        "files": job.files,
        "bytes": job.bytes,
        "createdAt": job.created_at,
        "endedAt": job.ended_at,
        "expiresAt": job.expires_at,
        "error": job.error,
        "cursor": job.cursor().to_string(),
    })
}

#[cfg(test)]
mod tests;
