//! `verify`: checks a folder of downloaded files against the manifest beside them. It asks no server, and it cannot
//! tell whether the manifest itself was changed.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use bulk_export_domain::file::Coding;

use super::print;
use crate::{
    client::{
        Content, Found, MANIFEST, Manifest, ManifestFile, Unfinished, decoded, differences,
        is_ndjson, stored,
    },
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
    if !path.exists() && Unfinished::read(dir)?.is_some() {
        let dir = dir.display();
        bail!("the download into {dir} is not finished; go on with it: bulk-export download {dir}");
    }
    let whole = || {
        format!(
            "{} cannot be read: it is written when a download is complete",
            path.display()
        )
    };
    let manifest = fs::read_to_string(&path).with_context(whole)?;
    let manifest = Manifest::parse(&manifest).with_context(|| path.display().to_string())?;
    let mut report = Report::default();
    let mut known = BTreeSet::new();
    for file in &manifest.files {
        let forms = forms(file, dir)?;
        if forms.is_empty() {
            report.note(&file.stored_name(), Err("is missing".to_owned()));
        }
        for (at, (name, found)) in forms.into_iter().enumerate() {
            let verdict = if at == 0 {
                judge(file, &found)
            } else {
                Err("stands beside its other form".to_owned())
            };
            report.note(&name, verdict);
            known.insert(name);
        }
    }
    for name in ndjson(dir)? {
        if !known.contains(&name) {
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

/// Reads the forms in which a file is there: as it is stored, and decoded.
fn forms(file: &ManifestFile, dir: &Path) -> anyhow::Result<Vec<(String, Found)>> {
    let mut forms = Vec::new();
    let mut add = |name: String, read: &dyn Fn(&Path) -> io::Result<Found>| {
        let path = dir.join(&name);
        match read(&path) {
            Ok(found) => forms.push((name, found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be read", path.display()));
            }
        }
        Ok(())
    };
    add(file.stored_name(), &|path| stored(file, path))?;
    if file.coding() != Coding::Identity {
        add(file.name.clone(), &decoded)?;
    }
    Ok(forms)
}

/// Gives what is right or wrong about a file.
fn judge(file: &ManifestFile, found: &Found) -> Result<String, String> {
    let differences = differences(file, found);
    if !differences.is_empty() {
        return Err(differences.join("; "));
    }
    let mut facts = Vec::new();
    if let Content::Read(decoded) = found.content {
        facts.push(text::counted(decoded.lines, "resource", "resources"));
        if found.stored.is_none() {
            facts.push(format!("{} decoded", text::size(decoded.bytes)));
            // Nothing in the manifest tells the sum of these bytes.
            facts.push("size and count only".to_owned());
        }
    }
    if let Some(digest) = &found.stored {
        facts.push(text::size(digest.bytes));
        facts.push(digest.cid.to_string());
    }
    Ok(facts.join(", "))
}

/// Lists the NDJSON files of a folder, in all forms: whoever reads `*.ndjson*` would take a stray one for a part of the export.
fn ndjson(dir: &Path) -> anyhow::Result<BTreeSet<String>> {
    let unreadable = || format!("{} cannot be listed", dir.display());
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(dir).with_context(unreadable)? {
        let name = entry
            .with_context(unreadable)?
            .file_name()
            .to_string_lossy()
            .into_owned();
        if is_ndjson(&name) {
            names.insert(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests;
