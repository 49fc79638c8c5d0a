//! `export`: from kick-off to a table of files, and to the files themselves.

use std::path::PathBuf;

use anyhow::ensure;
use bulk_export_domain::config::Variables;
use chrono::DateTime;

use super::{print, session};
use crate::{
    client::{Client, Download, KickOff, MANIFEST, StatusUrl, Unfinished},
    table,
};

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
    /// Download the files into this folder, check them, and write manifest.json last. The same command again goes on where
    /// it broke off.
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
    let kick_off = KickOff {
        types: args.types.clone(),
        since: args.since.clone(),
        lenient: args.lenient,
    };
    let url = match &download {
        Some(download) => begin(&client, &kick_off, download).await?,
        None => started(&client, &kick_off).await?,
    };
    let dir = download.as_ref().map(|download| download.dir.as_path());
    let manifest = session::wait(&client, &url, &args.patience, dir).await?;
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

async fn started(client: &Client, kick_off: &KickOff) -> anyhow::Result<StatusUrl> {
    let url = client.kick_off(kick_off).await?;
    eprintln!("started: {url}");
    Ok(url)
}

/// Starts an export into a folder, or goes on with the one that this very command began there before.
async fn begin(
    client: &Client,
    kick_off: &KickOff,
    download: &Download,
) -> anyhow::Result<StatusUrl> {
    let dir = &download.dir;
    let request = format!("{} {}", client.kick_off_url(kick_off), kick_off.prefer());
    if !dir.join(MANIFEST).exists()
        && let Some(unfinished) = Unfinished::read(dir)?
    {
        let shown = dir.display();
        ensure!(
            unfinished.request.as_ref() == Some(&request) && unfinished.decode == download.decode,
            "{shown} holds an unfinished download of another export; go on with it (bulk-export download {shown}) or give another folder"
        );
        let url = client.status_url(&unfinished.status_url)?;
        eprintln!("going on with: {url}");
        return Ok(url);
    }
    // A folder that cannot be used is better found before the server works than after.
    download.prepare_new()?;
    let url = started(client, kick_off).await?;
    let unfinished = Unfinished {
        status_url: url.to_string(),
        request: Some(request),
        decode: download.decode,
        manifest: None,
    };
    match unfinished.write(dir) {
        Ok(()) => Ok(url),
        Err(error) => Err(session::stopped(error.into(), &url, None)),
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
