//! Files of an export into a folder. A file gets its name only when every byte of it has been checked, and the
//! manifest is written when all files stand: a folder with a manifest is a whole export. Nothing is overwritten.
//! Compressed files are fetched as they are stored, and kept so or decoded on their way to the disk.

mod folder;

use std::{fs, io, path::PathBuf};

use bulk_export_domain::file::{Cid, Coding};
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, pin_mut, stream::FuturesUnordered};
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING},
};
use tokio::{sync::mpsc, task::spawn_blocking};
use url::Url;

use self::folder::{disk, is_there_already, keep, make_dir, write, write_manifest};
use super::{
    Client, check,
    error::{Action, Error, Recourse},
    manifest::{Manifest, ManifestFile, is_ndjson},
    pace::Retries,
    wire::refusal,
};

/// The name of the manifest in a folder.
pub const MANIFEST: &str = "manifest.json";

/// How the URL of a file begins that is read from a node.
const IPFS: &str = "ipfs://";

/// Chunks that wait for the disk. The network's are at most some 100 KiB.
const WAITING_CHUNKS: usize = 8;

/// Where files go and how they are fetched.
#[derive(Debug, Clone)]
pub struct Download {
    /// The folder. It is made when missing, readable by its owner only: files hold health data.
    pub dir: PathBuf,
    /// The gateway through which files at `ipfs://` URLs are read.
    pub gateway: Option<Url>,
    /// How many files are fetched at once.
    pub at_once: usize,
    /// Whether compressed files are decoded, rather than kept as they are stored.
    pub decode: bool,
}

/// What happens during a download.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// So many more bytes have come.
    Received(u64),
    /// A file broke off after so many bytes and is fetched again from its beginning.
    Restarted(u64),
    /// A file was already there, whole, from an earlier download, under this name.
    Kept(&'a ManifestFile, &'a str),
    /// A file stands under this name, whole and checked.
    Saved(&'a str),
}

impl Download {
    /// Makes the folder and sees that no other export is in it.
    ///
    /// # Errors
    /// A folder that cannot be made, or that holds a manifest.
    pub fn prepare(&self) -> Result<(), Error> {
        make_dir(&self.dir).map_err(|source| disk(&self.dir, source))?;
        let manifest = self.dir.join(MANIFEST);
        match fs::symlink_metadata(&manifest) {
            Ok(_) => Err(Error::Occupied(manifest)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(disk(&manifest, source)),
        }
    }

    /// Makes the folder and sees that no export at all is in it, not even one that broke off.
    ///
    /// # Errors
    /// A folder that cannot be made, or that holds a manifest or NDJSON files.
    pub fn prepare_new(&self) -> Result<(), Error> {
        self.prepare()?;
        let unreadable = |source| disk(&self.dir, source);
        for entry in fs::read_dir(&self.dir).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if is_ndjson(&entry.file_name().to_string_lossy()) {
                return Err(Error::Occupied(entry.path()));
            }
        }
        Ok(())
    }

    fn name(&self, file: &ManifestFile) -> String {
        if self.decode {
            file.name.clone()
        } else {
            file.stored_name()
        }
    }

    /// What is undone on the way to the disk.
    fn undone(&self, file: &ManifestFile) -> Coding {
        if self.decode {
            file.coding()
        } else {
            Coding::Identity
        }
    }
}

impl Client {
    /// Fetches all files of a manifest, checks each against it, and writes the manifest last. Files that an earlier
    /// download of the same export left are checked and kept.
    ///
    /// # Errors
    /// The first file that cannot be fetched, differs, or would overwrite something.
    pub async fn download(
        &self,
        manifest: &Manifest,
        download: &Download,
        told: impl Fn(Event<'_>) + Sync,
    ) -> Result<(), Error> {
        download.prepare()?;
        let mut waiting = manifest.files.iter();
        let mut saving = FuturesUnordered::new();
        loop {
            let free = download.at_once.max(1) - saving.len();
            saving.extend(
                waiting
                    .by_ref()
                    .take(free)
                    .map(|file| self.save(manifest, file, download, &told)),
            );
            match saving.next().await {
                Some(saved) => saved?,
                None => return write_manifest(&download.dir, manifest),
            }
        }
    }

    async fn save(
        &self,
        manifest: &Manifest,
        file: &ManifestFile,
        download: &Download,
        told: &(impl Fn(Event<'_>) + Sync),
    ) -> Result<(), Error> {
        let name = download.name(file);
        let path = download.dir.join(&name);
        if is_there_already(file, &path, download.undone(file)).await? {
            told(Event::Kept(file, &name));
            return Ok(());
        }
        let mut retries = Retries::new(&self.pace);
        loop {
            let mut received = 0;
            let count = |bytes| {
                received += bytes;
                told(Event::Received(bytes));
            };
            match self.save_once(manifest, file, download, count).await {
                Ok(()) => break,
                Err(failure) => {
                    let recourse = failure.recourse();
                    if recourse != Recourse::Final {
                        told(Event::Restarted(received));
                    }
                    self.pause(&mut retries, failure, recourse).await?;
                }
            }
        }
        told(Event::Saved(&name));
        Ok(())
    }

    async fn save_once(
        &self,
        manifest: &Manifest,
        file: &ManifestFile,
        download: &Download,
        mut count: impl FnMut(u64),
    ) -> Result<(), Error> {
        let path = download.dir.join(download.name(file));
        let bytes = self.open(manifest, file, download.gateway.as_ref()).await?;
        pin_mut!(bytes);
        let (sender, chunks) = mpsc::channel(WAITING_CHUNKS);
        let (dir, coding, undone) = (download.dir.clone(), file.coding(), download.undone(file));
        let writer = spawn_blocking(move || write(&dir, coding, undone, chunks));
        while let Some(chunk) = bytes.try_next().await? {
            count(chunk.len() as u64);
            if sender.send(chunk).await.is_err() {
                break; // The writer has failed and says why.
            }
        }
        drop(sender);
        let written = writer
            .await
            .map_err(io::Error::other)
            .and_then(|result| result);
        let (written, found) = written.map_err(|source| disk(&path, source))?;
        let differences = check::differences(file, &found);
        if !differences.is_empty() {
            let file = download.name(file);
            return Err(Error::Differs { file, differences });
        }
        keep(written, &path)
    }

    /// Opens a file: its stored bytes as they come. They are not checked.
    ///
    /// # Errors
    /// No answer, the server's refusal, an answer that is coded in another way, or an `ipfs://` URL without a gateway.
    pub async fn open(
        &self,
        manifest: &Manifest,
        file: &ManifestFile,
        gateway: Option<&Url>,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + use<>, Error> {
        let (url, token) = locate(manifest, file, gateway)?;
        let request = self.wire.request(Method::GET, url, token);
        let mut request = request.header(ACCEPT, "application/fhir+ndjson, */*;q=0.1");
        // A gateway gives a CID's bytes, which are the stored ones; the server asks what we can decode.
        let coding = file
            .coding()
            .content_encoding()
            .filter(|_| !file.url.starts_with(IPFS));
        if let Some(coding) = coding {
            request = request.header(ACCEPT_ENCODING, coding);
        }
        let response = request.send().await;
        let response = response.map_err(|source| self.wire.no_answer(Action::Download, source))?;
        if response.status() != StatusCode::OK {
            let answer = self.wire.whole(Action::Download, response).await?;
            return Err(refusal(Action::Download, &answer));
        }
        if file.coding() != Coding::Identity {
            see_coding(&response, coding)?;
        }
        let wire = self.wire.clone();
        let broken = move |source| wire.no_answer(Action::Download, source);
        Ok(response.bytes_stream().map_err(broken))
    }
}

/// Sees that an answer holds the stored bytes. A proxy between may have decoded them, and what it made is not proved.
fn see_coding(response: &Response, expected: Option<&str>) -> Result<(), Error> {
    let given = response.headers().get(CONTENT_ENCODING);
    if given.map(reqwest::header::HeaderValue::as_bytes) == expected.map(str::as_bytes) {
        return Ok(());
    }
    Err(Error::Unusable {
        action: Action::Download,
        problem: "its Content-Encoding is not the coding that the manifest tells, as if a proxy had changed it".to_owned(),
    })
}

/// Finds out where a file is read and whether the token may be needed there.
fn locate(
    manifest: &Manifest,
    file: &ManifestFile,
    gateway: Option<&Url>,
) -> Result<(Url, bool), Error> {
    let unusable = || Error::Unusable {
        action: Action::Download,
        problem: format!(
            "the manifest's URL of {} is none that can be fetched",
            file.name
        ),
    };
    if let Some(cid) = file.url.strip_prefix(IPFS) {
        let cid: Cid = cid.parse().map_err(|_| unusable())?;
        let gateway = gateway.ok_or_else(|| Error::OnIpfs {
            file: file.name.clone(),
        })?;
        let mut url = gateway.clone();
        url.set_path(&format!(
            "{}/ipfs/{cid}",
            gateway.path().trim_end_matches('/')
        ));
        return Ok((url, false));
    }
    let url: Url = file.url.parse().map_err(|_| unusable())?;
    match url.scheme() {
        "http" | "https" => Ok((url, manifest.requires_access_token)),
        _ => Err(unusable()),
    }
}
