//! `migrate`: brings the exporter's own tables up to date. It never touches the clinical tables.

use anyhow::Context;
use bulk_export_domain::config::Variables;

use super::print;
use crate::environment;

/// `migrate` has no arguments.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// No database, or a migration that failed.
pub fn run(variables: &Variables) -> anyhow::Result<()> {
    let url = environment::required_secret(
        variables,
        "DATABASE_URL",
        "the URL of the exporter's own database",
    )?;
    let applied = bulk_export_store::migrate(&url)
        .context("the database of DATABASE_URL cannot be migrated")?;
    if applied.is_empty() {
        return print("nothing to do: every migration is applied");
    }
    applied
        .iter()
        .try_for_each(|name| print(&format!("applied {name}")))
}
