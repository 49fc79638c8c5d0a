//! `webhooks add`: registers a receiver. Where its name leads is looked at here, so that a mistake shows at once, and again at
//! each delivery.

use anyhow::{Context, anyhow, ensure};
use bulk_export_domain::{
    config::Variables,
    webhook::{Endpoint, Event, Reach},
};
use bulk_export_store::{Store, operator::Person, webhooks::NewReceiver};
use serde_json::json;
use tokio::net::lookup_host;

use super::print;

/// The arguments of `webhooks add`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Whose exports: the client's requester id, which is the 'sub' of its tokens.
    #[arg(long, value_name = "ID")]
    client: String,
    /// Where to tell: an https URL at a public address.
    #[arg(long, value_name = "URL")]
    url: Endpoint,
    /// What to tell; may be given more than once. Without it: everything.
    #[arg(long = "event", value_name = "EVENT", value_parser = event)]
    events: Vec<Event>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn event(word: &str) -> Result<Event, String> {
    let words = Event::ALL.map(Event::as_str).join(", ");
    Event::parse(word).ok_or_else(|| format!("one of {words} is expected"))
}

pub(super) async fn run(
    args: Args,
    variables: &Variables,
    store: &Store,
    by: Person,
) -> anyhow::Result<()> {
    let reach = Reach::of(variables.raw(Reach::VARIABLE))
        .map_err(|unknown| anyhow!("{} {unknown}", Reach::VARIABLE))?;
    ensure!(!args.client.is_empty(), "--client is empty");
    within(&args.url, reach).await?;
    let mut events = args.events;
    if events.is_empty() {
        events.extend(Event::ALL);
    }
    events.sort_unstable();
    events.dedup();
    let new = NewReceiver {
        requester: Person::new(args.client),
        endpoint: args.url,
        events,
    };
    let (id, secret) = store.register_webhook(new, by).await?;
    if args.json {
        return print(&json!({"webhook": id, "secret": secret.reveal()}).to_string());
    }
    print(&format!("webhook  {id}\nsecret   {}", secret.reveal()))?;
    eprintln!(
        "The secret is shown this once: give it to the receiver, who checks signatures with it (docs/webhooks.md)."
    );
    Ok(())
}

/// Checks where a URL leads.
async fn within(url: &Endpoint, reach: Reach) -> anyhow::Result<()> {
    let hint = "a receiver is reached by https, at a public address";
    url.check(reach)
        .map_err(|wrong| anyhow!("--url: {wrong}; {hint}"))?;
    let Some(host) = url.reveal().host_str().filter(|_| url.address().is_none()) else {
        return Ok(());
    };
    let found = lookup_host((host, 0)).await;
    let found = found.with_context(|| format!("--url: {host} cannot be resolved"))?;
    let mut known = false;
    for address in found {
        known = true;
        ensure!(
            reach.admits(address.ip()),
            "--url: {host} leads to {}, which is private, local or reserved; {hint}",
            address.ip()
        );
    }
    ensure!(known, "--url: {host} has no address");
    Ok(())
}
