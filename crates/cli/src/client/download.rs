//! Files of an export into a folder. A file gets its name only when every byte of it has been checked, and the
//! manifest is written when all files stand: a folder with a manifest is a whole export. What has come of a file stays
//! when a download breaks off, and the next one goes on with it. Nothing is overwritten.
//! Compressed files are fetched as they are stored, and kept so or decoded when they are whole.

mod fetch;
mod folder;
mod partial;
mod unfinished;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use bulk_export_domain::file::Coding;
use futures::{StreamExt, stream::FuturesUnordered};
use tokio::task::spawn_blocking;
use url::Url;

pub use self::unfinished::Unfinished;
use self::{
    folder::{Folder, disk, is_there_already, keep_decoded, keep_stored, make_dir, write_manifest},
    partial::Partial,
};
use super::{
    Client, check,
    error::{Error, Recourse},
    manifest::{Manifest, ManifestFile, is_ndjson},
    pace::Retries,
};

/// The name of the manifest in a folder.
pub const MANIFEST: &str = "manifest.json";

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
    /// So many bytes of a file were here from an earlier download: it goes on with them.
    Resumed(u64),
    /// So many bytes of a file are of no use: it is fetched from its beginning.
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
        match ndjson(&self.dir)?.next() {
            Some(path) => Err(Error::Occupied(path)),
            None => Ok(()),
        }
    }

    /// Counts the whole files that stand in the folder.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn whole_files(&self) -> Result<u64, Error> {
        Ok(ndjson(&self.dir)?.count() as u64)
    }

    fn name(&self, file: &ManifestFile) -> String {
        if self.decode {
            file.name.clone()
        } else {
            file.stored_name()
        }
    }

    /// What is undone before a file gets its name.
    fn undone(&self, file: &ManifestFile) -> Coding {
        if self.decode {
            file.coding()
        } else {
            Coding::Identity
        }
    }
}

/// Lists the NDJSON files of a folder, in all forms.
fn ndjson(dir: &Path) -> Result<impl Iterator<Item = PathBuf> + use<>, Error> {
    let unreadable = |source| disk(dir, source);
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        // What begins with a dot is on its way.
        let name = name.to_string_lossy();
        if is_ndjson(&name) && !name.starts_with('.') {
            found.push(entry.path());
        }
    }
    Ok(found.into_iter())
}

impl Client {
    /// Fetches all files of a manifest, checks each against it, and writes the manifest last. Files that an earlier
    /// download of the same export left are checked and kept; what it left of others is gone on with.
    ///
    /// # Errors
    /// The first file that cannot be fetched, differs, or would overwrite something; or another download into this folder.
    pub async fn download(
        &self,
        manifest: &Manifest,
        download: &Download,
        told: impl Fn(Event<'_>) + Sync,
    ) -> Result<(), Error> {
        download.prepare()?;
        let folder = Folder::lock(&download.dir)?;
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
                None => break,
            }
        }
        write_manifest(&download.dir, manifest)?;
        folder.finish(manifest)
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
        let (dir, passing, coding) = (download.dir.clone(), name.clone(), file.coding());
        let mut partial = blocking(&path, move || Partial::open(&dir, &passing, coding)).await?;
        told(Event::Resumed(partial.length()));
        loop {
            partial = self
                .complete(manifest, file, download, partial, told)
                .await?;
            let (length, patched) = (partial.length(), partial.is_patched());
            let (found, whole) = blocking(&path, move || partial.finish()).await?;
            let differences = check::differences(file, &found);
            if differences.is_empty() {
                let (at, undone) = (path.clone(), download.undone(file));
                let kept = move || match undone {
                    Coding::Identity => keep_stored(whole, &at),
                    coding => keep_decoded(whole, coding, &at),
                };
                spawn_blocking(kept)
                    .await
                    .map_err(|error| disk(&path, io::Error::other(error)))??;
                told(Event::Saved(&name));
                return Ok(());
            }
            whole.discard().map_err(|source| disk(&path, source))?;
            if !patched {
                return Err(Error::Differs {
                    file: name,
                    differences,
                });
            }
            // A power cut, or another hand, may have changed what was here before: once more, in one piece.
            told(Event::Restarted(length));
            let (dir, passing) = (download.dir.clone(), name.clone());
            partial = blocking(&path, move || Partial::open(&dir, &passing, coding)).await?;
        }
    }

    /// Asks again and again until all bytes of a file have come.
    async fn complete(
        &self,
        manifest: &Manifest,
        file: &ManifestFile,
        download: &Download,
        mut partial: Partial,
        told: &(impl Fn(Event<'_>) + Sync),
    ) -> Result<Partial, Error> {
        let size = file.facts.as_ref().map(|facts| facts.size);
        if partial.length() > 0 && size.is_some_and(|size| partial.length() >= size) {
            return Ok(partial);
        }
        let mut retries = Retries::new(&self.pace);
        loop {
            let before = partial.length();
            let lost = |bytes| told(Event::Restarted(bytes));
            let count = |bytes| told(Event::Received(bytes));
            let gateway = download.gateway.as_ref();
            let fetched = self.fetch(manifest, file, gateway, partial, (lost, count));
            let (come, result) = fetched.await?;
            partial = come;
            let Err(failure) = result else {
                return Ok(partial);
            };
            if partial.length() > before {
                retries = Retries::new(&self.pace);
            }
            let recourse = failure.recourse();
            if recourse != Recourse::Final && partial.tag().is_none() && partial.length() > 0 {
                told(Event::Restarted(partial.length()));
                partial
                    .restart()
                    .map_err(|source| disk(&download.dir, source))?;
            }
            self.pause(&mut retries, failure, recourse).await?;
        }
    }
}

async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let done = spawn_blocking(work).await;
    let done = done.map_err(io::Error::other).and_then(|result| result);
    done.map_err(|source| disk(path, source))
}
