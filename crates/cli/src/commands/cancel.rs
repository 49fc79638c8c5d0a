//! `cancel`: ends an export and lets its files go.

use bulk_export_domain::config::Variables;
use url::Url;

use super::{print, session};

/// The arguments of `cancel`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    connection: session::Connection,
    /// The status URL that `export` printed; quote it, since it has a `$`.
    #[arg(value_name = "STATUS_URL")]
    status_url: Url,
}

/// Runs the command.
///
/// # Errors
/// An export that is not there, and what the client says.
pub async fn run(args: &Args, variables: &Variables) -> anyhow::Result<()> {
    let client = args.connection.client(variables)?;
    client
        .cancel(&session::status_url(&client, &args.status_url)?)
        .await?;
    print("cancelled")
}
