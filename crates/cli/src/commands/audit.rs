//! `audit`: who did what, newest first, with clear names. Talks to the database.

use bulk_export_domain::{config::Variables, text};
use bulk_export_store::{
    AUDITED,
    operator::{AuditFilter, AuditLine, MOST_ROWS, Person},
};
use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};

use super::{
    jobs::{instant, short},
    print,
};
use crate::{
    operator,
    table::{Column, Paint, Value, grid},
};

/// The arguments of `audit`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only what was done to this job: its id, or the beginning of it while it is there.
    #[arg(long, value_name = "JOB")]
    job: Option<String>,
    /// Only what this client or operator did: the 'sub' of its tokens, or cli:USER.
    #[arg(long, value_name = "ID")]
    who: Option<String>,
    /// Only what concerns this patient's data.
    #[arg(long, value_name = "ID")]
    patient: Option<String>,
    /// Only these actions, such as `kick_off`,download,deny.
    #[arg(long = "action", value_name = "ACTION", value_delimiter = ',', value_parser = action)]
    actions: Vec<String>,
    /// Only from this instant on, such as 2026-01-31T08:00:00Z.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    since: Option<DateTime<Utc>>,
    /// Only before this instant.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    until: Option<DateTime<Utc>>,
    /// At most so many.
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=MOST_ROWS))]
    limit: i64,
    /// Go on before the line with this number: the next page.
    #[arg(long, value_name = "NUMBER")]
    before: Option<i64>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn action(word: &str) -> Result<String, String> {
    if AUDITED.contains(&word) {
        Ok(word.to_owned())
    } else {
        Err(format!("one of {} is expected", AUDITED.join(", ")))
    }
}

/// Runs the command.
///
/// # Errors
/// No database, or no such job.
pub async fn run(args: Args, variables: &Variables) -> anyhow::Result<()> {
    let (store, paint) = (operator::store(variables)?, Paint::of(variables));
    let job = match &args.job {
        // The audit outlives the job.
        Some(text) => Some(match text.parse() {
            Ok(id) => id,
            Err(_) => operator::job(&store, text, false).await?,
        }),
        None => None,
    };
    let filter = AuditFilter {
        job,
        who: args.who.map(Person::new),
        patient: args.patient.map(Person::new),
        actions: args.actions,
        since: args.since,
        until: args.until,
        before: args.before,
    };
    let page = store.audit_lines(filter, args.limit).await?;
    if args.json {
        let page: Vec<Json> = page.iter().map(as_json).collect();
        return print(&Json::from(page).to_string());
    }
    if page.is_empty() {
        return print("nothing");
    }
    print(&table(&page, paint))?;
    let full = i64::try_from(page.len()).is_ok_and(|rows| rows == args.limit);
    if let Some(last) = page.last().filter(|_| full) {
        eprintln!("There may be more: --before {}", last.id);
    }
    Ok(())
}

fn table(page: &[AuditLine], paint: Paint) -> String {
    let columns = [
        Column::Word("when (UTC)"),
        Column::Word("action"),
        Column::Text("outcome"),
        Column::Word("job"),
        Column::Text("who"),
        Column::Text("patient"),
        Column::Text("detail"),
    ];
    grid(columns, page.iter().map(row), paint)
}

fn row(line: &AuditLine) -> [Value; 7] {
    let person = |person: &Option<Person>| {
        person
            .as_ref()
            .map_or_else(|| "-".to_owned(), |person| text::clean(person.reveal()))
    };
    [
        line.at.format("%Y-%m-%d %H:%M:%S").to_string().into(),
        line.action.clone().into(),
        text::clean(&line.outcome).into(),
        line.job.map_or_else(|| "-".to_owned(), short).into(),
        person(&line.who).into(),
        person(&line.patient).into(),
        line.detail
            .as_deref()
            .map_or_else(|| "-".to_owned(), text::clean)
            .into(),
    ]
}

fn as_json(line: &AuditLine) -> Json {
    json!({
        "number": line.id,
        "at": line.at,
        "action": line.action,
        "outcome": line.outcome,
        "job": line.job,
        "who": line.who.as_ref().map(Person::reveal),
        "patient": line.patient.as_ref().map(Person::reveal),
        "detail": line.detail,
    })
}
