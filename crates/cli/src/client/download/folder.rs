//! The folder of a download: what is there already, what is written, and under which name it stays.

use std::{
    fs,
    io::{self, Read, Write},
    path::Path,
};

use bulk_export_domain::file::Coding;
use bytes::Bytes;
use tempfile::NamedTempFile;
use tokio::{sync::mpsc, task::spawn_blocking};

use super::MANIFEST;
use crate::client::{
    check::{self, Check, Content, Found},
    error::Error,
    manifest::{Manifest, ManifestFile},
};

/// Tells whether the file stands in the folder already, whole. One of which the manifest proves too little is fetched
/// again and compared; anything else of its name is in the way.
pub(super) async fn is_there_already(
    file: &ManifestFile,
    path: &Path,
    undone: Coding,
) -> Result<bool, Error> {
    if !fs::exists(path).map_err(|source| disk(path, source))? {
        return Ok(false);
    }
    let is_stored = undone == Coding::Identity;
    let (known, owned) = (file.clone(), path.to_owned());
    let look = move || {
        if is_stored {
            check::stored(&known, &owned)
        } else {
            check::decoded(&owned)
        }
    };
    let found = spawn_blocking(look).await;
    let found = found.map_err(io::Error::other).and_then(|result| result);
    let found = found.map_err(|source| disk(path, source))?;
    if check::differences(file, &found).is_empty() {
        return Ok(is_stored && file.facts.is_some());
    }
    Err(Error::Occupied(path.to_owned()))
}

/// Writes what comes into a temporary file, which goes when it is dropped, and tells what was found of it.
pub(super) fn write(
    dir: &Path,
    coding: Coding,
    undone: Coding,
    mut chunks: mpsc::Receiver<Bytes>,
) -> io::Result<(NamedTempFile, Found)> {
    let mut disk = Disk {
        file: temporary(dir)?,
        failure: None,
    };
    let mut check = Check::new(undone, &mut disk)?;
    while let Some(chunk) = chunks.blocking_recv() {
        check.update(&chunk);
        if check.has_failed() {
            break;
        }
    }
    let (digest, content) = check.finish();
    if let Some(failure) = disk.failure {
        return Err(failure);
    }
    disk.file.as_file().sync_all()?;
    let found = match content {
        Content::Undecodable => Found {
            stored: None,
            content,
        },
        Content::Read(_) | Content::Unread => Found {
            stored: Some(digest),
            // The lines of what is still coded are none of the file's.
            content: if undone == coding {
                content
            } else {
                Content::Unread
            },
        },
    };
    Ok((disk.file, found))
}

/// A file that remembers its own failure, which is not the fault of what is written.
struct Disk {
    file: NamedTempFile,
    failure: Option<io::Error>,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes).map_err(|failure| {
            let kind = failure.kind();
            self.failure = Some(failure);
            io::Error::from(kind)
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes a file that its owner alone can read.
fn temporary(dir: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(".bulk-export-")
        .suffix(".part")
        .tempfile_in(dir)
}

/// Gives a file its name. Where there is one of that name, it must be the same, and stays.
pub(super) fn keep(file: NamedTempFile, path: &Path) -> Result<(), Error> {
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
            match are_equal(failed.file.path(), path) {
                Ok(true) => Ok(()),
                Ok(false) => Err(Error::Occupied(path.to_owned())),
                Err(source) => Err(disk(path, source)),
            }
        }
        Err(failed) => Err(disk(path, failed.error)),
    }
}

fn are_equal(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (fs::File::open(one)?, fs::File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let read = one.read(&mut left)?;
        if read == 0 {
            return Ok(true);
        }
        other.read_exact(&mut right[..read])?;
        if left[..read] != right[..read] {
            return Ok(false);
        }
    }
}

pub(super) fn write_manifest(dir: &Path, manifest: &Manifest) -> Result<(), Error> {
    let path = dir.join(MANIFEST);
    let written = temporary(dir).and_then(|mut file| {
        file.write_all(manifest.text.as_bytes())?;
        file.as_file().sync_all()?;
        Ok(file)
    });
    keep(written.map_err(|source| disk(&path, source))?, &path)?;
    // The names, too, are to outlive a power cut.
    fs::File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(|source| disk(dir, source))
}

pub(super) fn make_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

pub(super) fn disk(path: &Path, source: io::Error) -> Error {
    let path = path.to_owned();
    Error::Disk { path, source }
}
