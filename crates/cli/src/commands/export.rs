//! `export`: from kick-off to a table of files, and to the files themselves.

use std::path::PathBuf;

use bulk_export_domain::config::Variables;
use chrono::DateTime;

use super::{print, session};
use crate::{client::KickOff, table};

/// The arguments of `export`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    connection: session::Connection,
    /// The resource types, such as Patient,Consent; all that the server exports when left out.
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,
    /// Only resources changed after this instant, such as 2026-01-31T08:00:00Z (a manifest's transactionTime).
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    since: Option<String>,
    /// Let the server ignore what it does not support; it lists that in the error file.
    #[arg(long)]
    lenient: bool,
    /// Download the files into this folder, check them, and write manifest.json last.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    destination: session::Destination,
    #[command(flatten)]
    patience: session::Patience,
    /// Print the manifest instead of the table.
    #[arg(long)]
    json: bool,
}

/// Takes an instant as it is spelt, if it is one.
fn instant(text: &str) -> Result<String, String> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => {
            Err("an instant with a time zone is expected, such as 2026-01-31T08:00:00Z".to_owned())
        }
    }
}

/// Runs the command.
///
/// # Errors
/// What went wrong, with how to go on.
pub async fn run(args: &Args, variables: &Variables) -> anyhow::Result<()> {
    let client = args.connection.client(variables)?;
    let download = args.out.clone().map(|dir| args.destination.download(dir));
    if let Some(download) = &download {
        // A folder that cannot be used is better found before the server works than after.
        download.prepare_new()?;
    }
    let kick_off = KickOff {
        types: args.types.clone(),
        since: args.since.clone(),
        lenient: args.lenient,
    };
    let url = client.kick_off(&kick_off).await?;
    eprintln!("started: {url}");
    let manifest = session::wait(&client, &url, &args.patience).await?;
    print(&if args.json {
        manifest.text.clone()
    } else {
        table::files(&manifest)
    })?;
    match &download {
        Some(download) => session::save(&client, &url, &manifest, download).await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_needs_a_zone_and_stays_as_it_is_spelt() {
        let spelt = "2026-01-31T08:00:00.5+02:00";
        assert_eq!(instant(spelt).as_deref(), Ok(spelt));
        for wrong in ["", "2026-01-31", "2026-01-31T08:00:00", "yesterday"] {
            assert!(instant(wrong).is_err(), "{wrong}");
        }
    }
}
