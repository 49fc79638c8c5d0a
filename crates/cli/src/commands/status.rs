//! `status`: the service on one screen, from the database; or one look at an export, as a client of the API.

mod service;

use anyhow::bail;
use bulk_export_domain::config::Variables;

use super::{print, session};
use crate::{client::Status, progress, table};

/// The arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    connection: session::Connection,
    /// The status URL that `export` printed: the API is asked about that export. Quote it, since it has a `$`.
    #[arg(value_name = "STATUS_URL")]
    target: Option<session::Target>,
    /// Exit with 3 when something does not work, such as no worker alive; nothing else is different.
    #[arg(long, conflicts_with = "target")]
    check: bool,
    /// Print JSON: of an export, the manifest once it is completed.
    #[arg(long)]
    json: bool,
}

/// Runs the command. A running export is no error.
///
/// # Errors
/// An export that failed or is gone, and what the client or the database says.
pub async fn run(args: &Args, variables: &Variables) -> anyhow::Result<()> {
    let url = match &args.target {
        None => return service::run(args.check, args.json, variables).await,
        Some(session::Target::Url(url)) => url,
        Some(session::Target::Job(_)) => {
            bail!("a status URL is expected; for a job's id there is: bulk-export job JOB")
        }
    };
    let client = args.connection.client(variables)?;
    let status = client.status(&session::status_url(&client, url)?).await?;
    match &status {
        Status::Complete(manifest) if args.json => print(&manifest.text),
        Status::Complete(manifest) => {
            print(&progress::describe(&status))?;
            print(&table::files(manifest))
        }
        Status::Running { .. } => print(&progress::describe(&status)),
        Status::Failed(_) | Status::Gone => bail!("{}", progress::describe(&status)),
    }
}
