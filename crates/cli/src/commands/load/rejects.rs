//! The reject file: what could not be loaded, a JSON object a line, each with where it stood, the reason, and its text, so
//! that it can be mended and loaded again. It holds health data: only its owner may read it, and nothing of it is
//! printed anywhere else. It is made when the first line is written, and no file is ever overwritten.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use serde::Serialize;

use super::resource::Reason;

/// Something that was not loaded.
pub(super) struct Reject {
    pub(super) place: Place,
    pub(super) reason: String,
    /// Its text, unless that is too much.
    pub(super) text: Option<String>,
}

/// Where in its file something stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The whole file.
    File,
    /// A line; the first is 1.
    Line(u64),
    /// An entry of a Bundle; the first is 0.
    Entry(u64),
}

/// The file.
pub(super) struct Rejects {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

#[derive(Serialize)]
struct Record<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
    reason: &'a str,
    text: Option<&'a str>,
}

impl Reject {
    pub(super) fn new(place: Place, reason: &Reason, text: Option<String>) -> Self {
        let reason = reason.to_string();
        Self {
            place,
            reason,
            text,
        }
    }
}

impl Rejects {
    /// Checks that the file can be made, and does not make it yet.
    ///
    /// # Errors
    /// There is such a file, or no such folder.
    pub(super) fn new(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        ensure!(
            path.symlink_metadata().is_err(),
            "{name} is there already and is not overwritten: move it away, or name another file with --rejects"
        );
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        ensure!(
            folder.is_dir(),
            "{name} cannot be made: its folder is not there"
        );
        Ok(Self {
            path: path.to_owned(),
            file: None,
        })
    }

    /// Gives the file's path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Says whether something was written.
    pub(super) const fn is_made(&self) -> bool {
        self.file.is_some()
    }

    /// Writes what was not loaded of a file, and leaves nothing in a buffer.
    ///
    /// # Errors
    /// The file cannot be made or written.
    pub(super) fn write(&mut self, file: &str, rejects: &[Reject]) -> anyhow::Result<()> {
        if rejects.is_empty() {
            return Ok(());
        }
        let failed = || format!("{} cannot be written", self.path.display());
        let mut out = match self.file.take() {
            Some(out) => out,
            None => BufWriter::new(create(&self.path).with_context(failed)?),
        };
        for reject in rejects {
            let (line, entry) = match reject.place {
                Place::File => (None, None),
                Place::Line(number) => (Some(number), None),
                Place::Entry(number) => (None, Some(number)),
            };
            let record = Record {
                file,
                line,
                entry,
                reason: &reject.reason,
                text: reject.text.as_deref(),
            };
            serde_json::to_writer(&mut out, &record).with_context(failed)?;
            out.write_all(b"\n").with_context(failed)?;
        }
        out.flush().with_context(failed)?;
        self.file = Some(out);
        Ok(())
    }
}

fn create(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn reject(place: Place, text: Option<&str>) -> Reject {
        Reject::new(place, &Reason::NoId, text.map(str::to_owned))
    }

    #[test]
    fn each_reject_is_a_line_that_only_the_owner_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejects.ndjson");
        let mut rejects = Rejects::new(&path).unwrap();
        rejects.write("a", &[]).unwrap();
        assert!(!path.exists() && !rejects.is_made());
        rejects
            .write("a", &[reject(Place::Line(3), Some("{\"é\":\n"))])
            .unwrap();
        let second = [reject(Place::Entry(0), None), reject(Place::File, None)];
        rejects.write("b", &second).unwrap();
        let expected = [
            r#"{"file":"a","line":3,"reason":"no id","text":"{\"é\":\n"}"#,
            r#"{"file":"b","entry":0,"reason":"no id","text":null}"#,
            r#"{"file":"b","reason":"no id","text":null}"#,
            "",
        ];
        assert_eq!(fs::read_to_string(&path).unwrap(), expected.join("\n"));
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejects.ndjson");
        let mut early = Rejects::new(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        let refused = Rejects::new(&path).err().unwrap().to_string();
        assert!(refused.contains("is there already"), "{refused}");
        assert!(early.write("a", &[reject(Place::File, None)]).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        let nowhere = folder.path().join("none/rejects.ndjson");
        assert!(Rejects::new(&nowhere).is_err());
        assert!(Rejects::new(Path::new("no-such-file-here.ndjson")).is_ok());
    }
}
