//! What the client's commands share: the connection, the wait with its bar, the download with its bar, and Ctrl-C.

use std::{
    future::Future,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use bulk_export_domain::config::Variables;
use url::Url;

use super::{Interrupted, Stopped};
use crate::{
    client::{Client, Download, Error, Manifest, StatusUrl, Unfinished},
    environment, progress, text,
};

/// More files at once than that are no faster: the node reads from one disk.
const MOST_AT_ONCE: i64 = 32;

/// Which server.
#[derive(Debug, clap::Args)]
pub struct Connection {
    /// The server's FHIR base. The token goes there only.
    #[arg(
        long,
        env = "BULK_EXPORT_URL",
        value_name = "URL",
        help = "The server's FHIR base, such as https://api.example.org/fhir/r4; the token (BULK_EXPORT_TOKEN) goes there only"
    )]
    url: Option<Url>,
}

impl Connection {
    /// Makes the client.
    ///
    /// # Errors
    /// No token, or one that cannot be sent.
    pub fn client(&self, variables: &Variables) -> anyhow::Result<Client> {
        let needed = [
            ("BULK_EXPORT_URL", self.url.is_some()),
            (
                "BULK_EXPORT_TOKEN",
                variables.raw("BULK_EXPORT_TOKEN").is_some(),
            ),
        ];
        environment::all_set(&needed)?;
        let token = environment::required_secret(
            variables,
            "BULK_EXPORT_TOKEN",
            "the bearer token of the server",
        )?;
        let notice = |failure: &Error| eprintln!("{}", progress::again(failure));
        Ok(Client::new(
            self.url.clone().context("BULK_EXPORT_URL is not set")?,
            token,
        )?
        .with_notice(notice))
    }
}

/// What `status` and `cancel` are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An export by its status URL: the API is asked.
    Url(Url),
    /// A job by its id or the beginning of it: the database is asked.
    Job(String),
}

impl std::str::FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Self::Url(url)),
            Ok(_) => Err("a job's id or an http(s) status URL is expected"),
            Err(_) if text.is_empty() || text.contains(['/', '$']) => {
                Err("a job's id or a whole status URL is expected; quote the URL, since it has a $")
            }
            Err(_) => Ok(Self::Job(text.to_owned())),
        }
    }
}

/// How long to wait.
#[derive(Debug, clap::Args)]
pub struct Patience {
    /// How long to wait for the export, such as 90s, 30m or 12h. Nothing is cancelled when it is over.
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
}

/// Where files go.
#[derive(Debug, clap::Args)]
pub struct Destination {
    /// The gateway of an IPFS node; used for files whose URL is ipfs://.
    #[arg(long, env = "IPFS_GATEWAY_URL", value_name = "URL")]
    pub gateway: Option<Url>,
    /// Decode compressed files once they are whole; otherwise they stay as they are stored (.gz, .zst).
    #[arg(long)]
    pub decode: bool,
    /// How many files are fetched at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(i64).range(1..=MOST_AT_ONCE))]
    pub parallel: i64,
}

impl Destination {
    /// Makes the plan of a download into a folder.
    #[must_use]
    pub fn download(&self, dir: PathBuf) -> Download {
        let gateway = self.gateway.clone();
        Download {
            dir,
            gateway,
            at_once: usize::try_from(self.parallel).unwrap_or(1),
            decode: self.decode,
        }
    }
}

/// Waits for an export with a progress bar. A folder remembers the manifest, and may still have it when the server has not.
///
/// # Errors
/// What the client says, the end of patience, and Ctrl-C; with how to go on where that is possible.
pub async fn wait(
    client: &Client,
    url: &StatusUrl,
    patience: &Patience,
    dir: Option<&Path>,
) -> anyhow::Result<Manifest> {
    let mut bar = progress::Waiting::begin();
    let client = client.clone().with_notice(bar.notice());
    let wait = client.wait(url, |status| bar.show(status));
    let wait = tokio::time::timeout(patience.timeout, wait);
    let result = interruptible(wait, "the export goes on at the server").await;
    drop(bar);
    let error = match result {
        Ok(Ok(Ok(manifest))) => return Ok(manifest),
        Ok(Ok(Err(error @ (Error::Failed(_) | Error::Gone)))) => return ended(error, dir),
        Ok(Ok(Err(error))) => error.into(),
        Ok(Err(_)) => {
            let limit = humantime::format_duration(patience.timeout);
            anyhow!("the export has not ended within {limit} (--timeout); it goes on at the server")
        }
        Err(interrupted) => anyhow::Error::new(interrupted),
    };
    Err(stopped(error, url, dir))
}

/// Says what the end of an export means for its folder: with a manifest, what is there may be all; without one there is
/// nothing to go on with.
fn ended(error: Error, dir: Option<&Path>) -> anyhow::Result<Manifest> {
    let Some(dir) = dir else {
        return Err(error.into());
    };
    let kept = Unfinished::read(dir)?.and_then(|unfinished| unfinished.manifest);
    if let Some(text) = kept.filter(|_| matches!(error, Error::Gone)) {
        return Manifest::parse(&text)
            .context("the manifest that the folder remembers cannot be read");
    }
    Unfinished::remove(dir)?;
    Err(error.into())
}

/// Downloads a manifest's files with a progress bar.
///
/// # Errors
/// What the client says, and Ctrl-C; with how to go on.
pub async fn save(
    client: &Client,
    url: &StatusUrl,
    manifest: &Manifest,
    download: &Download,
) -> anyhow::Result<()> {
    if let Some(unfinished) = Unfinished::read(&download.dir)? {
        let manifest = Some(manifest.text.clone());
        Unfinished {
            manifest,
            ..unfinished
        }
        .write(&download.dir)?;
    }
    let bar = progress::Downloading::begin(manifest);
    let client = client.clone().with_notice(bar.notice());
    let save = client.download(manifest, download, |event| bar.show(event));
    let saved = interruptible(save, "what has come stays").await;
    drop(bar);
    let (dir, all) = (download.dir.display(), manifest.files.len() as u64);
    match saved {
        Ok(Ok(())) => {
            let files = text::counted(all, "file", "files");
            eprintln!("{files} and manifest.json in {dir}, all as the manifest says");
            Ok(())
        }
        Ok(Err(error)) if error.is_gone() => {
            let whole = text::count(download.whole_files()?);
            bail!(
                "the export has expired or was cancelled: {whole} of {} are whole in {dir}, and the server has the others no more. Start a new export into another folder",
                text::counted(all, "file", "files")
            )
        }
        Ok(Err(error)) => Err(stopped(error.into(), url, Some(&download.dir))),
        Err(interrupted) => Err(stopped(interrupted.into(), url, Some(&download.dir))),
    }
}

/// Says how an export that was left alone can be taken up or ended. The quotes keep a shell from reading `$export`.
pub fn stopped(error: anyhow::Error, url: &StatusUrl, dir: Option<&Path>) -> anyhow::Error {
    let again = match dir {
        Some(dir) => format!("bulk-export download {}", dir.display()),
        None => format!("bulk-export download '{url}' --out DIR"),
    };
    let advice = format!("  go on with:  {again}\n  cancel with: bulk-export cancel '{url}'");
    Stopped { error, advice }.into()
}

/// Lets Ctrl-C end a wait; what is dropped then cleans up after itself.
pub(super) async fn interruptible<T>(
    work: impl Future<Output = T>,
    left: &'static str,
) -> Result<T, Interrupted> {
    tokio::select! {
        done = work => Ok(done),
        Ok(()) = tokio::signal::ctrl_c() => Err(Interrupted(left)),
    }
}

/// Reads a status URL from an argument.
///
/// # Errors
/// A URL that is none or not on the server.
pub fn status_url(client: &Client, argument: &Url) -> anyhow::Result<StatusUrl> {
    client
        .status_url(argument.as_str())
        .context("this export cannot be asked about")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_for_the_api_and_an_id_for_the_database() {
        let url = "https://h/fhir/r4/$export-status/10f498d6-0a09-4d7c-b953-5f1677981be7";
        assert_eq!(url.parse(), Ok(Target::Url(url.parse().unwrap())));
        for id in ["10f498d6-0a09-4d7c-b953-5f1677981be7", "10f498d6"] {
            assert_eq!(id.parse(), Ok(Target::Job(id.to_owned())));
        }
        // What a shell leaves of a URL that was not quoted is no id.
        for wrong in ["", "/fhir/r4/-status/1", "$export-status/1", "ftp://h/x"] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_client_needs_a_server_and_a_token_and_all_that_is_missing_is_named() {
        let variables = |token: &str| Variables::new([("BULK_EXPORT_TOKEN".into(), token.into())]);
        let client = |url: Option<&str>, token: &str| {
            let url = url.map(|url| url.parse().unwrap());
            let client = Connection { url }.client(&variables(token));
            client.map(drop).map_err(|error| error.to_string())
        };
        let url = Some("http://127.0.0.1:1/fhir/r4");
        assert_eq!(client(url, "t"), Ok(()));
        let not_set = |token, url: Option<&str>| client(url, token).unwrap_err();
        assert!(not_set("", url).starts_with("not set: BULK_EXPORT_TOKEN ("));
        assert!(not_set("t", None).starts_with("not set: BULK_EXPORT_URL ("));
        assert!(not_set("", None).starts_with("not set: BULK_EXPORT_URL, BULK_EXPORT_TOKEN ("));
    }
}
