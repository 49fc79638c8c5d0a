//! `retry`: lets a failed job go on where it stopped. Talks to the database; workers do the rest.

use anyhow::bail;
use bulk_export_domain::{config::Variables, job::Status, text};
use bulk_export_store::operator::Retried;

use super::print;
use crate::operator;

/// The arguments of `retry`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The jobs' ids, or at least 8 characters of the beginning of each.
    #[arg(value_name = "JOB", required = true)]
    jobs: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// A job that is not there or must not be retried. Those before it are under way.
pub async fn run(args: Args, variables: &Variables) -> anyhow::Result<()> {
    let store = operator::store(variables)?;
    for job in args.jobs {
        let job = operator::job(&store, &job, true).await?;
        match store.retry_job(job, operator::person()).await? {
            Retried::Due(parts) => {
                let parts = text::counted(parts, "part is", "parts are");
                print(&format!("{job}: {parts} due again"))?;
            }
            Retried::Unknown => return Err(operator::no_such_job(&job.to_string())),
            Retried::Refused(refused) => bail!("{job} cannot be retried: {}", why(refused.status)),
            Retried::Expired => {
                bail!("{job} cannot be retried: it has expired; its client starts a new export")
            }
            Retried::FilesGone => bail!(
                "{job} cannot be retried: files of its finished parts are gone; its client starts a new export"
            ),
        }
    }
    Ok(())
}

const fn why(state: Status) -> &'static str {
    match state {
        Status::Pending | Status::InProgress => "it is under way",
        Status::Completed => "it is completed",
        Status::Failed => "it has changed just now; look at it again",
        Status::Cancelled => "it was cancelled; its client starts a new export",
    }
}
