//! `pause` and `resume`: the operator's switch for kick-offs. Talks to the database; every API replica heeds it at once.

use anyhow::ensure;
use bulk_export_domain::{config::Variables, text};
use bulk_export_store::Pause;

use super::print;
use crate::operator;

/// A reason is a sentence and not a report.
const LONGEST: usize = 200;

/// The arguments of `pause`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Why, for other operators: clients do not see it. Name no patient.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// `resume` has no arguments.
#[derive(Debug, clap::Args)]
pub struct ResumeArgs {}

/// Pauses kick-offs. That they are paused already is no error.
///
/// # Errors
/// A reason that is too long, or no database.
pub async fn pause(args: Args, variables: &Variables) -> anyhow::Result<()> {
    let reason = args.reason.map(|reason| text::clean(&reason));
    let length = reason.as_ref().map_or(0, |reason| reason.chars().count());
    ensure!(
        length <= LONGEST,
        "--reason has {length} characters; {LONGEST} are allowed"
    );
    let store = operator::store(variables)?;
    if store.pause(operator::person(), reason).await? {
        return print("kick-offs are refused now; parts under way and jobs accepted go on");
    }
    match store.paused().await? {
        Some(pause) => print(&format!("nothing to do: {}", told(&pause))),
        None => print("nothing to do: somebody resumed just now"),
    }
}

/// Takes kick-offs again. That they are taken already is no error.
///
/// # Errors
/// No database.
pub async fn resume(variables: &Variables) -> anyhow::Result<()> {
    let store = operator::store(variables)?;
    print(if store.resume(operator::person()).await? {
        "kick-offs are accepted again"
    } else {
        "nothing to do: kick-offs are not paused"
    })
}

/// Says who paused, when and why.
pub(super) fn told(pause: &Pause) -> String {
    let at = pause.at.format("%Y-%m-%d %H:%M:%S UTC");
    let by = text::clean(pause.by.reveal());
    match &pause.reason {
        Some(reason) => format!("paused since {at} by {by}: {}", text::clean(reason)),
        None => format!("paused since {at} by {by}"),
    }
}
