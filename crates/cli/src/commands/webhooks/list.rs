//! `webhooks list`: the receivers, in pages read one after the other.

use bulk_export_domain::{text, webhook::Event};
use bulk_export_store::{
    Store,
    operator::{MOST_ROWS, Person},
    webhooks::Receiver,
};
use serde_json::{Value, json};

use super::print;

/// The arguments of `webhooks list`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only those of this client.
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, store: &Store) -> anyhow::Result<()> {
    let client = args.client.map(Person::new);
    let (mut receivers, mut after) = (vec![], None);
    loop {
        let page = store.webhooks(client.clone(), after, MOST_ROWS).await?;
        after = page.last().map(Receiver::cursor);
        receivers.extend(page);
        if after.is_none() {
            break;
        }
    }
    if args.json {
        let receivers: Vec<Value> = receivers.iter().map(as_json).collect();
        return print(&Value::from(receivers).to_string());
    }
    if receivers.is_empty() {
        return print("no receivers");
    }
    let head = line("webhook", "state", "due", "parked", "registered");
    let lines: Vec<String> = receivers.iter().map(as_text).collect();
    print(&format!("{head}\n{}", lines.join("\n")))
}

fn line(id: &str, state: &str, due: &str, parked: &str, registered: &str) -> String {
    format!("{id:<36}  {state:<8}  {due:>9}  {parked:>9}  {registered}")
}

fn events(receiver: &Receiver) -> Vec<&'static str> {
    receiver.events.iter().copied().map(Event::as_str).collect()
}

fn state(receiver: &Receiver) -> &'static str {
    match (receiver.disabled_at, receiver.rotating) {
        (Some(_), _) => "disabled",
        (None, true) => "rotating",
        (None, false) => "enabled",
    }
}

/// One receiver in three lines. A URL is a thing to be copied: it is never cut, and stands last.
fn as_text(receiver: &Receiver) -> String {
    let first = line(
        &receiver.id.to_string(),
        state(receiver),
        &text::count(receiver.due),
        &text::count(receiver.parked),
        &receiver.created_at.format("%Y-%m-%d %H:%M").to_string(),
    );
    let client = text::clean(receiver.requester.reveal());
    let (events, url) = (events(receiver).join(", "), receiver.endpoint.reveal());
    format!("{first}\n  {client}: {events}\n  {url}")
}

fn as_json(receiver: &Receiver) -> Value {
    json!({
        "webhook": receiver.id,
        "client": receiver.requester.reveal(),
        "url": receiver.endpoint.reveal().as_str(),
        "events": events(receiver),
        "state": state(receiver),
        "due": receiver.due,
        "parked": receiver.parked,
        "registeredAt": receiver.created_at,
        "disabledAt": receiver.disabled_at,
    })
}
