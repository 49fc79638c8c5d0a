//! `sample`: made-up records as FHIR NDJSON, for development and tests; to the standard output, or a file of each type.
//! It touches no database: `load` takes the files.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use indicatif::ProgressBar;
use tempfile::NamedTempFile;

use super::print;
use crate::{
    progress,
    records::{RecordType, Records, Sink},
    text,
};

/// Lines go out in pieces of about this size.
const CHUNK_BYTES: usize = 1 << 20;

/// The arguments of `sample`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many patients; each has about 58 resources.
    #[arg(long, value_name = "PATIENTS", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    patients: u64,
    /// What the data follows from: the same number of patients and seed give the same bytes.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// The resource types, such as Patient,Observation; all sixteen when left out.
    #[arg(
        long = "type",
        value_name = "TYPE",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    types: Vec<RecordType>,
    /// Write one file of each type, such as Patient.ndjson, into this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// A file that is there already, or an output that takes no more.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let records = Records::new(args.patients, args.seed);
    let wanted = |of: RecordType| args.types.is_empty() || args.types.contains(&of);
    if let Some(dir) = &args.out {
        let mut files = Files::create(dir, wanted)?;
        write(records, &mut files, true).with_context(|| unwritable(dir))?;
        return files.keep();
    }
    let mut lines = Lines {
        wanted: RecordType::ALL.map(wanted),
        output: Output::new(io::stdout().lock()),
    };
    match write(records, &mut lines, !io::stdout().is_terminal()) {
        // Whoever reads has read enough (`bulk-export sample … | head`).
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("the standard output takes no more"),
    }
}

/// Writes the records patient by patient.
fn write(records: Records, to: &mut impl Target, shown: bool) -> io::Result<()> {
    let template = "{spinner} {bar:30} {percent:>3} %  {msg}  {eta} left";
    let bar = if shown {
        progress::bar(records.patients(), template)
    } else {
        ProgressBar::hidden()
    };
    for patient in 0..records.patients() {
        records.write(patient, to);
        to.flush(CHUNK_BYTES)?;
        if patient.is_multiple_of(64) {
            bar.set_position(patient);
            bar.set_message(to.told());
        }
    }
    bar.finish_and_clear();
    to.flush(0)
}

/// Where lines go.
trait Target: Sink {
    /// Passes on what is at least so long.
    fn flush(&mut self, least: usize) -> io::Result<()>;

    /// Says how much has come.
    fn told(&self) -> String;
}

/// Lines on their way, and how much they were.
struct Output<W> {
    to: W,
    ahead: Vec<u8>,
    resources: u64,
    bytes: u64,
}

impl<W: Write> Output<W> {
    fn new(to: W) -> Self {
        Self {
            to,
            ahead: Vec::new(),
            resources: 0,
            bytes: 0,
        }
    }

    fn next(&mut self) -> &mut Vec<u8> {
        self.resources += 1;
        &mut self.ahead
    }

    fn flush(&mut self, least: usize) -> io::Result<()> {
        if self.ahead.len() >= least {
            self.to.write_all(&self.ahead)?;
            self.bytes += self.ahead.len() as u64;
            self.ahead.clear();
        }
        if least == 0 { self.to.flush() } else { Ok(()) }
    }
}

fn told(resources: u64, bytes: u64) -> String {
    let resources = text::counted(resources, "resource", "resources");
    format!("{resources}, {}", text::size(bytes))
}

/// All types in one stream.
struct Lines<W> {
    wanted: [bool; RecordType::COUNT],
    output: Output<W>,
}

impl<W: Write> Sink for Lines<W> {
    fn next(&mut self, of: RecordType) -> Option<&mut Vec<u8>> {
        self.wanted[of as usize].then(|| self.output.next())
    }
}

impl<W: Write> Target for Lines<W> {
    fn flush(&mut self, least: usize) -> io::Result<()> {
        self.output.flush(least)
    }

    fn told(&self) -> String {
        told(self.output.resources, self.output.bytes)
    }
}

/// A file of each type. Under their names only when they are whole.
struct Files {
    dir: PathBuf,
    of: [Option<Output<NamedTempFile>>; RecordType::COUNT],
}

impl Files {
    fn create(dir: &Path, wanted: impl Fn(RecordType) -> bool) -> anyhow::Result<Self> {
        fs::create_dir_all(dir).with_context(|| unwritable(dir))?;
        let mut of = [const { None }; RecordType::COUNT];
        for kind in RecordType::ALL.into_iter().filter(|kind| wanted(*kind)) {
            let name = file_name(kind);
            if dir.join(&name).symlink_metadata().is_ok() {
                bail!(
                    "{} is there already, and nothing is overwritten; choose another folder",
                    dir.join(&name).display()
                );
            }
            let file = tempfile::Builder::new()
                .prefix(&format!(".{name}."))
                .suffix(".part")
                .tempfile_in(dir);
            of[kind as usize] = Some(Output::new(file.with_context(|| unwritable(dir))?));
        }
        Ok(Self {
            dir: dir.to_owned(),
            of,
        })
    }

    /// Gives the files their names and prints what they hold. A type without resources has no file.
    fn keep(self) -> anyhow::Result<()> {
        for (kind, output) in RecordType::ALL.into_iter().zip(self.of) {
            let Some(output) = output.filter(|output| output.resources > 0) else {
                continue;
            };
            let path = self.dir.join(file_name(kind));
            output
                .to
                .persist_noclobber(&path)
                .with_context(|| unwritable(&path))?;
            print(&format!(
                "{:>12} resources, {:>10} in {}",
                text::count(output.resources),
                text::size(output.bytes),
                path.display()
            ))?;
        }
        Ok(())
    }
}

impl Sink for Files {
    fn next(&mut self, of: RecordType) -> Option<&mut Vec<u8>> {
        self.of[of as usize].as_mut().map(Output::next)
    }
}

impl Target for Files {
    fn flush(&mut self, least: usize) -> io::Result<()> {
        self.of
            .iter_mut()
            .flatten()
            .try_for_each(|output| output.flush(least))
    }

    fn told(&self) -> String {
        let sum = |of: fn(&Output<NamedTempFile>) -> u64| self.of.iter().flatten().map(of).sum();
        told(sum(|output| output.resources), sum(|output| output.bytes))
    }
}

fn file_name(of: RecordType) -> String {
    format!("{}.ndjson", of.as_str())
}

fn unwritable(path: &Path) -> String {
    format!("{} cannot be written", path.display())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn args(out: Option<&Path>, types: &[RecordType]) -> Args {
        Args {
            patients: 12,
            seed: 4,
            types: types.to_vec(),
            out: out.map(Path::to_owned),
        }
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_gets_a_file_of_each_type_with_its_lines() {
        let dir = TempDir::new().unwrap();
        let out = dir.path().join("new/folder");
        run(&args(Some(&out), &[])).unwrap();
        let mut expected: Vec<_> = RecordType::ALL.into_iter().map(file_name).collect();
        expected.sort();
        assert_eq!(names(&out), expected);
        let mut lines = Lines {
            wanted: [true; RecordType::COUNT],
            output: Output::new(Vec::new()),
        };
        write(Records::new(12, 4), &mut lines, false).unwrap();
        let mut stream: Vec<_> = str::from_utf8(&lines.output.to).unwrap().lines().collect();
        let files: Vec<_> = expected
            .iter()
            .map(|name| fs::read_to_string(out.join(name)).unwrap())
            .collect();
        let mut apart: Vec<_> = files.iter().flat_map(|file| file.lines()).collect();
        stream.sort_unstable();
        apart.sort_unstable();
        assert_eq!(stream, apart);
        assert_eq!(lines.output.resources, apart.len() as u64);
    }

    #[test]
    fn only_the_types_asked_for_are_written_and_none_without_resources() {
        let dir = TempDir::new().unwrap();
        let types = [RecordType::Patient, RecordType::Consent];
        run(&args(Some(dir.path()), &types)).unwrap();
        assert_eq!(names(dir.path()), ["Consent.ndjson", "Patient.ndjson"]);
        let alone = TempDir::new().unwrap();
        let few = Args {
            patients: 9,
            ..args(Some(alone.path()), &[RecordType::Group])
        };
        run(&few).unwrap();
        assert!(names(alone.path()).is_empty());
    }

    #[test]
    fn nothing_is_overwritten_and_nothing_left_behind() {
        let dir = TempDir::new().unwrap();
        let there = dir.path().join("Provenance.ndjson");
        fs::write(&there, "mine").unwrap();
        let error = run(&args(Some(dir.path()), &[])).unwrap_err();
        assert!(error.to_string().contains("nothing is overwritten"));
        assert_eq!(names(dir.path()), ["Provenance.ndjson"]);
        assert_eq!(fs::read_to_string(there).unwrap(), "mine");
    }
}
