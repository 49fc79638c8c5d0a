//! `download`: takes up an export that was started before, or a download that broke off. Talks to the API.

use std::{convert::Infallible, path::PathBuf, str::FromStr};

use anyhow::ensure;
use bulk_export_domain::config::Variables;
use url::Url;

use super::{Exit, print, session};
use crate::{
    client::{Client, Download, MANIFEST, StatusUrl, Unfinished},
    table,
};

/// The exit code of wrong usage, as the parser's.
const USAGE: u8 = 2;

/// The arguments of `download`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    connection: session::Connection,
    /// The folder of a download that broke off: it goes on. Or the status URL that `export` printed, with --out; quote it,
    /// since it has a `$`.
    #[arg(value_name = "DIR|STATUS_URL")]
    source: Source,
    /// The folder for a `STATUS_URL`. What an earlier download of the same export left is checked and gone on with.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    destination: session::Destination,
    #[command(flatten)]
    patience: session::Patience,
}

#[derive(Debug, Clone)]
enum Source {
    Url(Url),
    Dir(PathBuf),
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Self::Url(url),
            _ => Self::Dir(PathBuf::from(text)),
        })
    }
}

/// Runs the command.
///
/// # Errors
/// What went wrong, with how to go on.
pub async fn run(args: &Args, variables: &Variables) -> anyhow::Result<()> {
    let client = args.connection.client(variables)?;
    let Some((url, download)) = plan(args, &client)? else {
        return Ok(());
    };
    let manifest = session::wait(&client, &url, &args.patience, Some(&download.dir)).await?;
    print(&table::files(&manifest))?;
    session::save(&client, &url, &manifest, &download).await
}

/// Says which export goes where; nothing where it is there already.
fn plan(args: &Args, client: &Client) -> anyhow::Result<Option<(StatusUrl, Download)>> {
    match (&args.source, &args.out) {
        (Source::Url(url), Some(dir)) => {
            let mut download = args.destination.download(dir.clone());
            download.prepare()?;
            let url = session::status_url(client, url)?;
            begin(&url, &mut download, args.destination.decode)?;
            Ok(Some((url, download)))
        }
        (Source::Dir(dir), None) => go_on(args, client, dir.clone()),
        (Source::Url(_), None) => {
            let text = "--out DIR is missing: a STATUS_URL's files need a folder";
            Err(Exit::new(USAGE, text).into())
        }
        (Source::Dir(dir), Some(_)) => {
            let text = format!("{} is no STATUS_URL, and --out is for one", dir.display());
            Err(Exit::new(USAGE, text).into())
        }
    }
}

/// Begins a download, or sees that the folder's is of the same export in the same form.
fn begin(url: &StatusUrl, download: &mut Download, decode: bool) -> anyhow::Result<()> {
    let Some(unfinished) = Unfinished::read(&download.dir)? else {
        let unfinished = Unfinished {
            status_url: url.to_string(),
            request: None,
            decode,
            manifest: None,
        };
        return Ok(unfinished.write(&download.dir)?);
    };
    let dir = download.dir.display();
    ensure!(
        unfinished.status_url == url.to_string(),
        "{dir} holds an unfinished download of another export; go on with it (bulk-export download {dir}) or give another folder"
    );
    ensure!(
        unfinished.decode || !decode,
        "{dir} was begun without --decode; go on so (bulk-export download {dir}) or give another folder"
    );
    download.decode = unfinished.decode;
    Ok(())
}

/// Goes on with a folder's download, in the form in which it was begun.
fn go_on(
    args: &Args,
    client: &Client,
    dir: PathBuf,
) -> anyhow::Result<Option<(StatusUrl, Download)>> {
    let shown = dir.display().to_string();
    if dir.join(MANIFEST).exists() {
        // Killed between the last two steps.
        Unfinished::remove(&dir)?;
        print(&format!(
            "{shown} is complete; bulk-export verify {shown} checks it"
        ))?;
        return Ok(None);
    }
    let Some(unfinished) = Unfinished::read(&dir)? else {
        anyhow::bail!(
            "{shown} holds no unfinished download; to begin one: bulk-export download STATUS_URL --out {shown}"
        );
    };
    let url = client.status_url(&unfinished.status_url)?;
    let mut download = args.destination.download(dir);
    download.decode = unfinished.decode;
    Ok(Some((url, download)))
}
