//! The folder of a download: what is there already, what is written, and under which name it stays.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use bulk_export_domain::file::{Coding, Sha256};
use bulk_export_ipfs::{Decoder, Digester};
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;

use super::{MANIFEST, Unfinished, partial::Whole};
use crate::client::{
    check,
    error::Error,
    manifest::{Manifest, ManifestFile},
};

/// Tells whether the file stands in the folder already, whole. One of which nothing proves enough is fetched again and
/// compared; anything else of its name is in the way.
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
            let proved = known.facts.is_some();
            return check::stored(&known, &owned).map(|found| (found, proved));
        }
        let proved = is_as_written(&owned)?;
        check::decoded(&owned).map(|found| (found, proved))
    };
    let found = spawn_blocking(look).await;
    let found = found.map_err(io::Error::other).and_then(|result| result);
    let (found, proved) = found.map_err(|source| disk(path, source))?;
    let differences = check::differences(file, &found);
    if differences.is_empty() {
        return Ok(proved);
    }
    Err(Error::Changed {
        path: path.to_owned(),
        differences,
    })
}

/// Makes a file that its owner alone can read.
fn temporary(dir: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(".bulk-export-")
        .suffix(".part")
        .tempfile_in(dir)
}

/// Gives stored bytes their name. Where there is a file of that name, it must be the same, and stays.
pub(super) fn keep_stored(whole: Whole, path: &Path) -> Result<(), Error> {
    let failed = |source| disk(path, source);
    let Some(whole) = whole.name(path).map_err(failed)? else {
        return Ok(());
    };
    if !are_equal(&whole.path, path).map_err(failed)? {
        return Err(Error::Occupied(path.to_owned()));
    }
    whole.discard().map_err(failed)
}

/// Decodes stored bytes into a file of this name. Its sum is noted beside it until the manifest is written: no manifest has it.
pub(super) fn keep_decoded(whole: Whole, coding: Coding, path: &Path) -> Result<(), Error> {
    let failed = |source| disk(path, source);
    let (decoded, digest) = decode(&whole.path, coding, path).map_err(failed)?;
    keep(decoded, path)?;
    note_sum(path, digest).map_err(failed)?;
    whole.discard().map_err(failed)
}

fn decode(from: &Path, coding: Coding, path: &Path) -> io::Result<(NamedTempFile, Sha256)> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let into = Summed {
        file: temporary(dir)?,
        digester: Digester::new(),
    };
    let mut decoder = Decoder::new(coding, into)?;
    io::copy(&mut fs::File::open(from)?, &mut decoder)?;
    let (into, _) = decoder.finish()?;
    into.file.as_file().sync_all()?;
    Ok((into.file, into.digester.finish().sha256))
}

/// A file whose bytes are summed on their way.
struct Summed {
    file: NamedTempFile,
    digester: Digester,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.digester.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where the sum of a decoded file stands until the manifest is written.
fn sum_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.sum"))
}

fn note_sum(path: &Path, sum: Sha256) -> io::Result<()> {
    let mut file = temporary(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(sum.to_string().as_bytes())?;
    file.persist(sum_path(path))?;
    Ok(())
}

/// Says whether a decoded file is what this client wrote.
fn is_as_written(path: &Path) -> io::Result<bool> {
    let Ok(sum) = fs::read_to_string(sum_path(path)) else {
        return Ok(false);
    };
    let mut digester = Digester::new();
    let (mut file, mut buffer) = (fs::File::open(path)?, vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digester.finish().sha256.to_string() == sum),
            read => digester.update(&buffer[..read]),
        }
    }
}

/// A folder that nobody else downloads into.
pub(super) struct Folder {
    dir: PathBuf,
    _locked: Option<fs::File>,
}

impl Folder {
    /// Takes the folder for this process. Where a file system knows no locks, it is taken without.
    pub(super) fn lock(dir: &Path) -> Result<Self, Error> {
        let folder = fs::File::open(dir).map_err(|source| disk(dir, source))?;
        let locked = match folder.try_lock() {
            Ok(()) => Some(folder),
            Err(fs::TryLockError::WouldBlock) => return Err(Error::Busy(dir.to_owned())),
            Err(fs::TryLockError::Error(_)) => None,
        };
        Ok(Self {
            dir: dir.to_owned(),
            _locked: locked,
        })
    }

    /// Removes what is of use only while a download is not finished.
    pub(super) fn finish(self, manifest: &Manifest) -> Result<(), Error> {
        for file in &manifest.files {
            let sum = sum_path(&self.dir.join(&file.name));
            match fs::remove_file(&sum) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(disk(&sum, error));
                }
                _ => {}
            }
        }
        Unfinished::remove(&self.dir)
    }
}

/// Gives a file its name. Where there is one of that name, it must be the same, and stays.
fn keep(file: NamedTempFile, path: &Path) -> Result<(), Error> {
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
    let written = written(dir, manifest.text.as_bytes());
    keep(written.map_err(|source| disk(&path, source))?, &path)?;
    // The names, too, are to outlive a power cut.
    fs::File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(|source| disk(dir, source))
}

/// Writes a temporary file that is on the disk.
pub(super) fn written(dir: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = temporary(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
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
