//! What a folder remembers of a download that is not finished: which export it is of, so that the next command goes on with
//! it and does not start another. Gone when the manifest stands.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::folder::{disk, make_dir, written};
use crate::client::error::Error;

/// The file that remembers.
const NAME: &str = ".bulk-export.json";

/// An unfinished download.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unfinished {
    /// Where the export's status is asked.
    pub status_url: String,
    /// What was asked for, where the export of this folder was started by this program.
    #[serde(default)]
    pub request: Option<String>,
    /// Whether compressed files are decoded.
    pub decode: bool,
    /// The manifest as the server sent it, once there is one.
    #[serde(default)]
    pub manifest: Option<String>,
}

impl Unfinished {
    /// Reads what a folder remembers, if it does.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(dir: &Path) -> Result<Option<Self>, Error> {
        let path = path(dir);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if is_nothing(&error) => return Ok(None),
            Err(source) => return Err(disk(&path, source)),
        };
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|_| Error::Unfinished {
                path,
                problem:
                    "it is not what this program wrote; remove it, and give the export's status URL"
                        .to_owned(),
            })
    }

    /// Writes it, in place of what was remembered before.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, dir: &Path) -> Result<(), Error> {
        let path = path(dir);
        let failed = |source| disk(&path, source);
        make_dir(dir).map_err(failed)?;
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(error.into()))?;
        let file = written(dir, text.as_bytes()).map_err(failed)?;
        file.persist(&path)
            .map(drop)
            .map_err(|error| failed(error.error))
    }

    /// Forgets it.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn remove(dir: &Path) -> Result<(), Error> {
        let path = path(dir);
        match fs::remove_file(&path) {
            Err(error) if !is_nothing(&error) => Err(disk(&path, error)),
            _ => Ok(()),
        }
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

/// No such file, or no such folder.
fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
