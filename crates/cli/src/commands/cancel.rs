//! `cancel`: ends an export and lets its files go: as a client by its status URL, or as an operator by the job's id.

use bulk_export_domain::config::Variables;
use bulk_export_store::operator::Cancelled;

use super::{print, session};
use crate::operator;

/// The arguments of `cancel`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    connection: session::Connection,
    /// A job's id, or at least 8 characters of its beginning: the database. Or the status URL that `export` printed:
    /// the API; quote it, since it has a `$`.
    #[arg(value_name = "JOB|STATUS_URL")]
    target: session::Target,
}

/// Runs the command.
///
/// # Errors
/// An export that is not there, and what the client or the database says.
pub async fn run(args: &Args, variables: &Variables) -> anyhow::Result<()> {
    match &args.target {
        session::Target::Url(url) => {
            let client = args.connection.client(variables)?;
            client.cancel(&session::status_url(&client, url)?).await?;
            print("cancelled")
        }
        session::Target::Job(text) => {
            let store = operator::store(variables)?;
            let job = operator::job(&store, text, true).await?;
            match store.cancel_job(job, operator::person()).await? {
                Cancelled::Done => print(&format!("{job}: cancelled")),
                Cancelled::Gone => Err(operator::not_there(format!(
                    "{job} cannot be cancelled: it was cancelled before, has expired, or never was"
                ))),
            }
        }
    }
}
