//! A file that is on its way: its stored bytes as far as they have come, and the tag that says whose bytes they are. It
//! outlives this process: the next one goes on where this one stopped, however it stopped.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use bulk_export_domain::file::Coding;
use tempfile::TempPath;

use crate::client::check::{Check, Found};

/// How much is read at once of what came before.
const PIECE: usize = 1 << 20;

/// A file on its way. It stands in the folder as `.NAME.part`, its tag as `.NAME.part.tag`.
pub(super) struct Partial {
    path: PathBuf,
    tag_path: PathBuf,
    coding: Coding,
    file: File,
    check: Check,
    length: u64,
    tag: Option<String>,
    patched: bool,
}

impl Partial {
    /// Takes up what an earlier attempt left, or begins.
    pub(super) fn open(dir: &Path, name: &str, coding: Coding) -> io::Result<Self> {
        let path = dir.join(format!(".{name}.part"));
        let tag_path = dir.join(format!(".{name}.part.tag"));
        if fs::symlink_metadata(&path).is_ok_and(|there| !there.is_file()) {
            let other = "something else than a file is in the way";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, other));
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut partial = Self {
            file: options.open(&path)?,
            tag: fs::read_to_string(&tag_path)
                .ok()
                .filter(|tag| is_strong(tag)),
            check: Check::new(coding)?,
            length: 0,
            patched: false,
            path,
            tag_path,
            coding,
        };
        partial.read_again()?;
        Ok(partial)
    }

    /// Reads what came before, which counts only with the tag of the file that it is of.
    fn read_again(&mut self) -> io::Result<()> {
        if self.tag.is_none() {
            return self.restart();
        }
        let mut buffer = vec![0; PIECE];
        loop {
            match self.file.read(&mut buffer)? {
                0 => break,
                read => {
                    self.check.update(&buffer[..read]);
                    self.length += read as u64;
                }
            }
        }
        self.patched = self.length > 0;
        Ok(())
    }

    /// How many bytes have come.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// The tag of the file that they are of.
    pub(super) fn tag(&self) -> Option<&str> {
        self.tag.as_deref().filter(|_| self.length > 0)
    }

    /// Whether the bytes came in several answers: then a difference may be the seams', and not the server's.
    pub(super) const fn is_patched(&self) -> bool {
        self.patched
    }

    /// Forgets everything.
    pub(super) fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.check = Check::new(self.coding)?;
        self.length = 0;
        self.patched = false;
        self.tag = None;
        remove(&self.tag_path)
    }

    /// Begins an answer with this tag; a weak one, or none, means that the file cannot be taken up again.
    pub(super) fn begin(&mut self, tag: Option<&str>) -> io::Result<()> {
        self.patched = self.length > 0;
        if self.length > 0 {
            return Ok(());
        }
        let Some(tag) = tag.filter(|tag| is_strong(tag)) else {
            return Ok(());
        };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.tag_path)?.write_all(tag.as_bytes())?;
        self.tag = Some(tag.to_owned());
        Ok(())
    }

    /// Takes the next bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.check.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Ends the bytes: what was found of them, and the file, which is on the disk now.
    pub(super) fn finish(self) -> io::Result<(Found, Whole)> {
        self.file.sync_all()?;
        let (digest, content) = self.check.finish();
        let found = Found {
            stored: Some(digest),
            content,
        };
        let (path, tag_path) = (self.path, self.tag_path);
        Ok((found, Whole { path, tag_path }))
    }
}

/// All bytes of a file, still under its passing name.
pub(super) struct Whole {
    pub(super) path: PathBuf,
    tag_path: PathBuf,
}

impl Whole {
    /// Removes it, and what belongs to it.
    pub(super) fn discard(self) -> io::Result<()> {
        remove(&self.path)?;
        remove(&self.tag_path)
    }

    /// Gives it its name, where nothing is of that name; else gives it back.
    pub(super) fn name(self, path: &Path) -> io::Result<Option<Self>> {
        let temporary = TempPath::try_from_path(&self.path)?;
        match temporary.persist_noclobber(path) {
            Ok(()) => remove(&self.tag_path).map(|()| None),
            Err(failed) => {
                // Dropped, it would remove the file.
                let _ = failed.path.keep();
                match failed.error.kind() {
                    io::ErrorKind::AlreadyExists => Ok(Some(self)),
                    _ => Err(failed.error),
                }
            }
        }
    }
}

/// Only a strong tag says that bytes are the same (RFC 9110, section 8.8.1).
fn is_strong(tag: &str) -> bool {
    tag.len() >= 2
        && tag.starts_with('"')
        && tag.ends_with('"')
        && tag.bytes().all(|b| (0x21..0x7f).contains(&b))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn open(dir: &TempDir) -> Partial {
        Partial::open(dir.path(), "Patient.1.ndjson", Coding::Identity).unwrap()
    }

    #[test]
    fn what_came_is_taken_up_by_the_next_process_and_proved_whole() {
        let dir = TempDir::new().unwrap();
        let mut one = open(&dir);
        one.begin(Some("\"a\"")).unwrap();
        one.write(b"{}\n{").unwrap();
        drop(one);
        let mut next = open(&dir);
        assert_eq!((next.length(), next.tag()), (4, Some("\"a\"")));
        next.begin(Some("\"a\"")).unwrap();
        next.write(b"}\n").unwrap();
        assert!(next.is_patched());
        let (found, whole) = next.finish().unwrap();
        let mut digester = bulk_export_ipfs::Digester::new();
        digester.update(b"{}\n{}\n");
        assert_eq!(found.stored, Some(digester.finish()));
        let named = dir.path().join("named");
        assert!(whole.name(&named).unwrap().is_none());
        assert_eq!(fs::read(named).unwrap(), b"{}\n{}\n");
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "nothing else is left"
        );
    }

    #[test]
    fn bytes_of_which_no_strong_tag_is_known_begin_anew() {
        for tag in [None, Some("W/\"a\""), Some("a"), Some("\"a\nb\"")] {
            let dir = TempDir::new().unwrap();
            let mut one = open(&dir);
            one.begin(tag).unwrap();
            one.write(b"{}").unwrap();
            drop(one);
            let next = open(&dir);
            assert_eq!((next.length(), next.tag()), (0, None), "{tag:?}");
        }
    }

    #[test]
    fn a_name_that_is_taken_is_not_taken_over() {
        let dir = TempDir::new().unwrap();
        let taken = dir.path().join("taken");
        fs::write(&taken, "x").unwrap();
        let mut one = open(&dir);
        one.write(b"{}\n").unwrap();
        let (_, whole) = one.finish().unwrap();
        let whole = whole.name(&taken).unwrap().expect("it is given back");
        assert_eq!(fs::read(&whole.path).unwrap(), b"{}\n");
        whole.discard().unwrap();
        assert_eq!(fs::read(&taken).unwrap(), b"x");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_followed() {
        let dir = TempDir::new().unwrap();
        let elsewhere = dir.path().join("elsewhere");
        fs::write(&elsewhere, "x").unwrap();
        std::os::unix::fs::symlink(&elsewhere, dir.path().join(".Patient.1.ndjson.part")).unwrap();
        assert!(Partial::open(dir.path(), "Patient.1.ndjson", Coding::Identity).is_err());
        assert_eq!(fs::read(elsewhere).unwrap(), b"x");
    }
}
