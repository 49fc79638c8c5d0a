//! `verify`: checks a folder of downloaded files against the manifest beside them. It asks no server, and it cannot
//! tell whether the manifest itself was changed.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use super::print;
use crate::{
    client::{MANIFEST, Manifest, ManifestFile, differences, digest},
    text,
};

/// The arguments of `verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder that `export --out` or `download --out` filled.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// What a check found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// A line for each file.
    pub lines: Vec<String>,
    /// How many of them tell of something wrong.
    pub wrong: u64,
}

/// Runs the command.
///
/// # Errors
/// A folder without a manifest, and anything that is not as it says.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let report = check(&args.dir)?;
    for line in &report.lines {
        print(line)?;
    }
    if report.wrong > 0 {
        let wrong = text::counted(report.wrong, "file is", "files are");
        bail!("{wrong} not as {MANIFEST} says; download the export again into another folder");
    }
    Ok(())
}

/// Checks every file of the manifest in a folder, and that there is no other NDJSON file in it.
///
/// # Errors
/// A folder or manifest that cannot be read.
pub fn check(dir: &Path) -> anyhow::Result<Report> {
    let path = dir.join(MANIFEST);
    let whole = || {
        format!(
            "{} cannot be read: it is written when a download is complete",
            path.display()
        )
    };
    let manifest = fs::read_to_string(&path).with_context(whole)?;
    let manifest = Manifest::parse(&manifest).with_context(|| path.display().to_string())?;
    let mut report = Report::default();
    for file in &manifest.files {
        report.note(&file.name, judge(file, &dir.join(&file.name))?);
    }
    let known: BTreeSet<&str> = manifest
        .files
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    for name in ndjson(dir)? {
        if !known.contains(name.as_str()) {
            report.note(
                &text::clean(&name),
                Err("is not in the manifest".to_owned()),
            );
        }
    }
    Ok(report)
}

impl Report {
    fn note(&mut self, name: &str, verdict: Result<String, String>) {
        self.wrong += u64::from(verdict.is_err());
        let (word, text) = match verdict {
            Ok(text) => ("ok   ", text),
            Err(text) => ("WRONG", text),
        };
        self.lines.push(format!("{word} {name}: {text}"));
    }
}

/// Gives what is right or wrong about one file; an error is about the disk.
fn judge(file: &ManifestFile, path: &Path) -> anyhow::Result<Result<String, String>> {
    let found = match digest(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Err("is missing".to_owned()));
        }
        Err(error) => {
            return Err(error).with_context(|| format!("{} cannot be read", path.display()));
        }
    };
    let differences = differences(file, &found);
    if !differences.is_empty() {
        return Ok(Err(differences.join("; ")));
    }
    let resources = text::counted(found.lines, "resource", "resources");
    Ok(Ok(format!(
        "{resources}, {}, {}",
        text::size(found.bytes),
        found.cid
    )))
}

/// Lists the NDJSON files of a folder: whoever reads `*.ndjson` would take a stray one for a part of the export.
fn ndjson(dir: &Path) -> anyhow::Result<BTreeSet<String>> {
    let unreadable = || format!("{} cannot be listed", dir.display());
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(dir).with_context(unreadable)? {
        let name = entry
            .with_context(unreadable)?
            .file_name()
            .to_string_lossy()
            .into_owned();
        if Path::new(&name)
            .extension()
            .is_some_and(|extension| extension == "ndjson")
        {
            names.insert(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests;
