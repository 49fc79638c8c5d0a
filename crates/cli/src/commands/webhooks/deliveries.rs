//! `webhooks deliveries`: what was told, is told, and could not be told.

use bulk_export_domain::{
    ids::{JobId, WebhookId},
    text,
};
use bulk_export_store::{
    Store,
    operator::Cursor,
    webhooks::{Delivery, DeliveryFilter, DeliveryState},
};
use serde_json::{Value, json};

use super::print;

/// The arguments of `webhooks deliveries`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only those to this receiver.
    #[arg(long, value_name = "WEBHOOK")]
    webhook: Option<WebhookId>,
    /// Only those of this export.
    #[arg(long, value_name = "JOB")]
    job: Option<JobId>,
    /// Only those that are due, delivered or parked (given up).
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<DeliveryState>,
    /// At most so many.
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=1000))]
    limit: i64,
    /// Go on after the page that ended with this word.
    #[arg(long, value_name = "WORD")]
    after: Option<Cursor>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn state(word: &str) -> Result<DeliveryState, String> {
    let words = DeliveryState::ALL.map(DeliveryState::as_str).join(", ");
    DeliveryState::parse(word).ok_or_else(|| format!("one of {words} is expected"))
}

pub(super) async fn run(args: Args, store: &Store) -> anyhow::Result<()> {
    let filter = DeliveryFilter {
        webhook: args.webhook,
        job: args.job,
        state: args.state,
    };
    let page = store.deliveries(filter, args.after, args.limit).await?;
    if args.json {
        let page: Vec<Value> = page.iter().map(as_json).collect();
        return print(&Value::from(page).to_string());
    }
    if page.is_empty() {
        return print("no deliveries");
    }
    let head = line("delivery", "event", "state", "tries", "written");
    let lines: Vec<String> = page.iter().map(as_text).collect();
    print(&format!("{head}\n{}", lines.join("\n")))?;
    let full = i64::try_from(page.len()).is_ok_and(|rows| rows == args.limit);
    if let Some(last) = page.last().filter(|_| full) {
        eprintln!("There may be more: --after {}", last.cursor());
    }
    Ok(())
}

fn line(id: &str, event: &str, state: &str, tries: &str, written: &str) -> String {
    format!("{id:<36}  {event:<9}  {state:<9}  {tries:>5}  {written}")
}

fn as_text(delivery: &Delivery) -> String {
    let first = line(
        &delivery.id.to_string(),
        delivery.event.as_str(),
        delivery.state.as_str(),
        &delivery.attempts.to_string(),
        &delivery.created_at.format("%Y-%m-%d %H:%M:%S").to_string(),
    );
    let mut lines = format!(
        "{first}\n  export {}  to {}",
        delivery.job, delivery.webhook
    );
    if let Some(told) = last_attempt(delivery) {
        lines = format!("{lines}\n  {told}");
    }
    lines
}

/// Tells how the last attempt ended, unless it ended well.
fn last_attempt(delivery: &Delivery) -> Option<String> {
    let why = text::clean(delivery.last_error.as_deref()?);
    let status = delivery
        .last_status
        .map_or(String::new(), |status| format!(" ({status})"));
    let next = match delivery.state {
        DeliveryState::Due => {
            let at = delivery.next_at.format("%Y-%m-%d %H:%M:%S");
            format!("; again at {at} or later")
        }
        DeliveryState::Delivered | DeliveryState::Parked => String::new(),
    };
    Some(format!("{why}{status}{next}"))
}

fn as_json(delivery: &Delivery) -> Value {
    json!({
        "delivery": delivery.id,
        "webhook": delivery.webhook,
        "job": delivery.job,
        "event": delivery.event.as_str(),
        "state": delivery.state.as_str(),
        "attempts": delivery.attempts,
        "nextAt": (delivery.state == DeliveryState::Due).then_some(delivery.next_at),
        "lastStatus": delivery.last_status,
        "lastError": delivery.last_error,
        "writtenAt": delivery.created_at,
        "deliveredAt": delivery.delivered_at,
        "cursor": delivery.cursor().to_string(),
    })
}
