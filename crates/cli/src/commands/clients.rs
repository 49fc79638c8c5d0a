//! `clients`: who asks for exports. Talks to the database.

use bulk_export_domain::{config::Variables, text};
use bulk_export_store::operator::Client;
use serde_json::{Value as Json, json};

use super::{jobs::short, print};
use crate::{
    operator,
    table::{Column, Paint, Tone, Value, grid},
};

/// The arguments of `clients`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// At most so many, who asked last first.
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1000))]
    limit: i64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// No database.
pub async fn run(args: Args, variables: &Variables) -> anyhow::Result<()> {
    let clients = operator::store(variables)?.clients(args.limit).await?;
    if args.json {
        let clients: Vec<Json> = clients.iter().map(as_json).collect();
        return print(&Json::from(clients).to_string());
    }
    if clients.is_empty() {
        return print("no clients: nobody has a job");
    }
    let columns = [
        Column::Text("client"),
        Column::Word("role"),
        Column::Figure("under way"),
        Column::Figure("jobs"),
        Column::Figure("failed"),
        Column::Figure("bytes"),
        Column::Word("last job"),
        Column::Word("kicked off (UTC)"),
    ];
    let full = i64::try_from(clients.len()).is_ok_and(|rows| rows == args.limit);
    print(&grid(
        columns,
        clients.iter().map(row),
        Paint::of(variables),
    ))?;
    if full {
        eprintln!("There may be more: --limit");
    }
    Ok(())
}

fn row(client: &Client) -> [Value; 8] {
    let tone = |number, tone| if number > 0 { tone } else { Tone::Plain };
    [
        text::clean(client.requester.reveal()).into(),
        client.role.as_str().into(),
        Value::toned(text::count(client.open), tone(client.open, Tone::Busy)),
        text::count(client.jobs).into(),
        Value::toned(text::count(client.failed), tone(client.failed, Tone::Bad)),
        text::size(client.bytes).into(),
        short(client.last_job).into(),
        client.last_at.format("%Y-%m-%d %H:%M").to_string().into(),
    ]
}

fn as_json(client: &Client) -> Json {
    json!({
        "client": client.requester.reveal(),
        "role": client.role.as_str(),
        "underWay": client.open,
        "jobs": client.jobs,
        "failed": client.failed,
        "bytes": client.bytes,
        "lastJob": client.last_job,
        "lastKickOffAt": client.last_at,
    })
}
