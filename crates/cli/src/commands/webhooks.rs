//! `webhooks`: who is told of the end of exports. Talks to the database; workers deliver.

mod add;
mod deliveries;
mod list;

use anyhow::bail;
use bulk_export_domain::{
    config::Variables,
    ids::{DeliveryId, WebhookId},
};
use bulk_export_store::{
    Store,
    operator::Person,
    webhooks::{Changed, Redelivered, Rotated},
};

use super::print;
use crate::operator;

/// The arguments of `webhooks`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Registers a receiver for the exports of one client, and prints the secret that signs: this once.
    Add(add::Args),
    /// Lists receivers.
    List(list::Args),
    /// Gives a receiver a new secret beside the old one: both sign, until --finish.
    Rotate(Rotate),
    /// Delivers nothing to a receiver any more; what it would be told waits until it is enabled.
    Disable(One),
    /// Delivers to a receiver again, and what has waited.
    Enable(One),
    /// Removes a receiver with all that it was, or would be, told.
    Remove(One),
    /// Lists deliveries, newest first.
    Deliveries(deliveries::Args),
    /// Delivers again, with all attempts anew.
    Redeliver(Redeliver),
}

#[derive(Debug, clap::Args)]
struct One {
    /// The receiver's id.
    #[arg(value_name = "WEBHOOK")]
    id: WebhookId,
}

#[derive(Debug, clap::Args)]
struct Rotate {
    /// The receiver's id.
    #[arg(value_name = "WEBHOOK")]
    id: WebhookId,
    /// The receiver knows the new secret: the old one signs no more.
    #[arg(long)]
    finish: bool,
}

#[derive(Debug, clap::Args)]
struct Redeliver {
    /// The deliveries' ids, whatever became of them.
    #[arg(value_name = "DELIVERY", required_unless_present = "parked")]
    ids: Vec<DeliveryId>,
    /// All that were given up for this receiver.
    #[arg(long, value_name = "WEBHOOK", conflicts_with = "ids")]
    parked: Option<WebhookId>,
}

/// Runs the command.
///
/// # Errors
/// No database, or nothing by that id.
pub async fn run(args: Args, variables: &Variables) -> anyhow::Result<()> {
    let (store, by) = (operator::store(variables)?, operator::person());
    match args.command {
        Command::Add(args) => add::run(args, variables, &store, by).await,
        Command::List(args) => list::run(args, &store).await,
        Command::Rotate(Rotate { id, finish: false }) => rotate(id, &store, by).await,
        Command::Rotate(Rotate { id, finish: true }) => {
            let changed = store.finish_rotation(id, by).await?;
            told(
                changed,
                id,
                "only the new secret signs now",
                "only one secret signs",
            )
        }
        Command::Disable(One { id }) => {
            let changed = store.enable_webhook(id, false, by).await?;
            told(changed, id, "disabled", "was disabled already")
        }
        Command::Enable(One { id }) => {
            let changed = store.enable_webhook(id, true, by).await?;
            told(changed, id, "enabled", "was enabled already")
        }
        Command::Remove(One { id }) => told(store.remove_webhook(id, by).await?, id, "removed", ""),
        Command::Deliveries(args) => deliveries::run(args, &store).await,
        Command::Redeliver(args) => redeliver(args, &store, by).await,
    }
}

fn told(changed: Changed, id: WebhookId, done: &str, already: &str) -> anyhow::Result<()> {
    match changed {
        Changed::Done => print(&format!("{id}: {done}")),
        Changed::Already => print(&format!("{id}: nothing to do: {already}")),
        Changed::Unknown => Err(no_receiver(id)),
    }
}

fn no_receiver(id: WebhookId) -> anyhow::Error {
    operator::not_there(format!(
        "there is no receiver {id}; 'bulk-export webhooks list' shows them"
    ))
}

async fn rotate(id: WebhookId, store: &Store, by: Person) -> anyhow::Result<()> {
    match store.rotate_webhook(id, by).await? {
        Rotated::Began(secret) => {
            print(secret.reveal())?;
            eprintln!(
                "This secret is shown this once. Both sign now; when the receiver knows this one: bulk-export webhooks rotate --finish {id}"
            );
            Ok(())
        }
        Rotated::UnderWay => bail!(
            "two secrets sign already; end that rotation first: bulk-export webhooks rotate --finish {id}"
        ),
        Rotated::Unknown => Err(no_receiver(id)),
    }
}

async fn redeliver(args: Redeliver, store: &Store, by: Person) -> anyhow::Result<()> {
    const DISABLED: &str = "the receiver is disabled; enable it first: bulk-export webhooks enable";
    if let Some(id) = args.parked {
        return match store.redeliver_parked(id, by).await? {
            Redelivered::Due(number) => print(&format!("{number} are delivered again")),
            Redelivered::Disabled => bail!("{DISABLED} {id}"),
            Redelivered::Unknown => Err(no_receiver(id)),
        };
    }
    for id in args.ids {
        match store.redeliver(id, by.clone()).await? {
            Redelivered::Due(_) => print(&format!("{id} is delivered again"))?,
            Redelivered::Disabled => bail!("{id}: {DISABLED} WEBHOOK"),
            Redelivered::Unknown => {
                let text = format!("there is no delivery {id}, or it was removed when it was old");
                return Err(operator::not_there(text));
            }
        }
    }
    Ok(())
}
