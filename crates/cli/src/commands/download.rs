//! `download`: takes up an export that was started before.

use std::path::PathBuf;

use bulk_export_domain::config::Variables;
use url::Url;

use super::{print, session};
use crate::table;

/// The arguments of `download`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    connection: session::Connection,
    /// The status URL that `export` printed, which is where the manifest is; quote it, since it has a `$`.
    #[arg(value_name = "MANIFEST_URL")]
    manifest_url: Url,
    /// The folder. Files of an earlier download of the same export are checked and kept.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    destination: session::Destination,
    #[command(flatten)]
    patience: session::Patience,
}

/// Runs the command.
///
/// # Errors
/// What went wrong, with how to go on.
pub async fn run(args: &Args, variables: &Variables) -> anyhow::Result<()> {
    let client = args.connection.client(variables)?;
    let download = args.destination.download(args.out.clone());
    download.prepare()?;
    let url = session::status_url(&client, &args.manifest_url)?;
    let manifest = session::wait(&client, &url, &args.patience).await?;
    print(&table::files(&manifest))?;
    session::save(&client, &url, &manifest, &download).await
}
