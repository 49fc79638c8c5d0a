//! `pins`: what our files own on the node, and what the last sweep counted there. Talks to the database, not to the node.

use bulk_export_domain::{config::Variables, text};
use bulk_export_store::operator::{NodeView, OwnedPins};
use serde_json::{Value as Json, json};

use super::{print, sweep};
use crate::{
    operator,
    table::{Paint, Tone, Value, facts},
};

/// The arguments of `pins`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// No database.
pub async fn run(args: Args, variables: &Variables) -> anyhow::Result<()> {
    let store = operator::store(variables)?;
    let (owned, node) = (store.owned_pins().await?, store.node_view().await?);
    let last = store.last_sweep().await?;
    if args.json {
        return print(&as_json(&owned, &node, last.map(sweep::as_json).as_ref()).to_string());
    }
    print(&facts(rows(&owned, &node), Paint::of(variables)))
}

fn rows(owned: &OwnedPins, node: &NodeView) -> Vec<(&'static str, Value)> {
    let pins = |number| text::counted(number, "pin", "pins");
    let files = |number, bytes| {
        format!(
            "{}, {}",
            text::counted(number, "file", "files"),
            text::size(bytes)
        )
    };
    let ago = |age: Option<std::time::Duration>| {
        age.map_or_else(
            || "never".to_owned(),
            |age| format!("{} ago", text::duration(age.as_secs())),
        )
    };
    let unowned = node.unowned_pins.unwrap_or(0);
    let tone = if unowned > 0 { Tone::Bad } else { Tone::Plain };
    let counted = node.pins.map_or_else(|| "not counted yet".to_owned(), pins);
    let left = node
        .unowned_pins
        .map_or_else(|| "not counted yet".to_owned(), pins);
    vec![
        (
            "owned",
            format!(
                "{} of {}",
                pins(owned.pins),
                files(owned.files, owned.bytes)
            )
            .into(),
        ),
        (
            "ending",
            format!(
                "{} of expired and cancelled jobs",
                files(owned.ending_files, owned.ending_bytes)
            )
            .into(),
        ),
        ("on the node", counted.into()),
        ("unowned", Value::toned(left, tone)),
        ("last sweep", ago(node.swept).into()),
        ("collected", ago(node.collected).into()),
    ]
}

fn as_json(owned: &OwnedPins, node: &NodeView, last: Option<&Json>) -> Json {
    json!({
        "ownedPins": owned.pins,
        "files": owned.files,
        "bytes": owned.bytes,
        "endingFiles": owned.ending_files,
        "endingBytes": owned.ending_bytes,
        "nodePins": node.pins,
        "unownedPins": node.unowned_pins,
        "lastSweep": last,
    })
}
