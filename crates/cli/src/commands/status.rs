//! `status`: one look at an export.

use anyhow::bail;
use bulk_export_domain::config::Variables;
use url::Url;

use super::{print, session};
use crate::{client::Status, progress, table};

/// The arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    connection: session::Connection,
    /// The status URL that `export` printed; quote it, since it has a `$`.
    #[arg(value_name = "STATUS_URL")]
    status_url: Url,
    /// Print the manifest of a completed export instead of the table.
    #[arg(long)]
    json: bool,
}

/// Runs the command. A running export is no error.
///
/// # Errors
/// An export that failed or is gone, and what the client says.
pub async fn run(args: &Args, variables: &Variables) -> anyhow::Result<()> {
    let client = args.connection.client(variables)?;
    let status = client
        .status(&session::status_url(&client, &args.status_url)?)
        .await?;
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
