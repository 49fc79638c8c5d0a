//! `load FILE…`: the run. A thread reads and checks, this one talks to the database, a batch at a time; what a batch could
//! not hold goes to the reject file when the batch is done.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::AtomicBool,
        mpsc::{Receiver, RecvTimeoutError, sync_channel},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, anyhow, ensure};
use bulk_export_domain::config::Variables;
use bulk_export_store::load::ResourceLoader;

use super::{
    input::Input,
    reader::{End, Event, Form, Reader, Work},
    rejects::{Reject, Rejects},
    summary::{Fate, Summary},
};
use crate::{
    commands::{Interrupted, Stopped, print},
    environment, interrupt, progress, text,
};

/// The default of `EXPORT_MAX_RESOURCE_BYTES`: what is larger would be left out of an export.
const RESOURCE_BYTES: usize = 16 << 20;

/// Batches that wait for the database, beside the one that is read and the one that is loaded.
const BATCHES_AHEAD: usize = 1;

/// How soon Ctrl-C is seen while nothing comes from the files.
const LOOK: Duration = Duration::from_millis(100);

/// Loads the files.
///
/// # Errors
/// A file or the database cannot be read or written, Ctrl-C, and anything rejected.
pub(super) fn run(
    files: &[PathBuf],
    form: Form,
    rejects: &Path,
    variables: &Variables,
) -> anyhow::Result<()> {
    let url = environment::required_secret(
        variables,
        "DATABASE_URL",
        "the URL of the database with the resource store",
    )?;
    let limit = resource_bytes(variables)?;
    let inputs: Vec<_> = files.iter().map(|file| Input::new(file)).collect();
    let size = check(&inputs)?;
    let rejects = Rejects::new(rejects)?;
    let loader = ResourceLoader::connect(&url).context("nothing can be loaded")?;
    let stop = interrupt::watch("ends after this batch; once more ends at once")?;
    let (sender, events) = sync_channel(BATCHES_AHEAD);
    let reader = Reader::new(form, limit, sender);
    let names = inputs.iter().map(Input::to_string).collect();
    // Not waited for when the command ends early: it may hang in a read.
    let reader = thread::Builder::new().spawn(move || reader.run(&inputs));
    let reader = reader.context("a thread cannot be started")?;
    let mut run = Run {
        form,
        loader,
        rejects,
        progress: progress::Loading::begin(size),
        summary: Summary::new(names),
        failures: Vec::new(),
        unknown_references: 0,
        superseded: 0,
    };
    let ended = run.take(&events, &stop);
    let ended = ended.and_then(|()| {
        let panicked = || anyhow!("the thread that reads the files has stopped");
        reader.join().map_err(|_| panicked())?;
        run.loader
            .analyze()
            .context("the resources are loaded; the tables cannot be analysed")
    });
    run.tell(ended)
}

/// Checks that every input can be read, and gives their size if it is known of all.
fn check(inputs: &[Input]) -> anyhow::Result<Option<u64>> {
    let standard = inputs.iter().filter(|input| **input == Input::Standard);
    ensure!(standard.count() < 2, "- can be given only once");
    let mut sizes = Vec::new();
    for input in inputs {
        sizes.push(
            input
                .check()
                .with_context(|| format!("{input} cannot be read; nothing was loaded"))?,
        );
    }
    Ok(sizes.into_iter().sum())
}

/// Reads the limit that exports have, so that nothing is loaded that they would leave out.
fn resource_bytes(variables: &Variables) -> anyhow::Result<usize> {
    const NAME: &str = "EXPORT_MAX_RESOURCE_BYTES";
    let Some(text) = variables.raw(NAME) else {
        return Ok(RESOURCE_BYTES);
    };
    let bytes = text
        .parse()
        .ok()
        .filter(|b| (1 << 10..=1 << 30).contains(b));
    bytes.with_context(|| format!("{NAME} cannot be read: 1024 to 1073741824 is expected"))
}

/// A run under way.
struct Run {
    form: Form,
    loader: ResourceLoader,
    rejects: Rejects,
    progress: progress::Loading,
    summary: Summary,
    /// Files that could not be read to their end.
    failures: Vec<String>,
    unknown_references: u64,
    /// Resources in whose place a later one of the same batch was loaded.
    superseded: u64,
}

impl Run {
    /// Takes what the reader gives until it ends or shall end.
    fn take(&mut self, events: &Receiver<Event>, stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
        loop {
            match events.recv_timeout(LOOK) {
                Ok(Event::Work(work)) => self.load(work)?,
                Ok(Event::End(end)) => self.end_of_file(end),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if stop.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(Interrupted("what was loaded stays").into());
            }
        }
    }

    fn load(&mut self, work: Work) -> anyhow::Result<()> {
        let loaded = self
            .loader
            .load(&work.batch)
            .with_context(|| self.stopped_at(&work))?;
        let mut rejects = work.rejects;
        rejects.extend(loaded.refused.into_iter().map(|refused| Reject {
            place: self.form.place(work.batch.line(refused.row)),
            reason: format!("refused by the database: {}", refused.reason),
            text: Some(work.batch.body(refused.row).to_owned()),
        }));
        rejects.sort_by_key(|reject| reject.place);
        self.unknown_references += work.unknown_references;
        self.superseded += loaded.superseded;
        let fate = Fate {
            counts: loaded.counts,
            rejected: rejects.len() as u64,
        };
        self.summary.add(fate);
        self.progress.show(work.read, self.summary.total().good());
        self.rejects.write(self.summary.name(), &rejects)
    }

    fn stopped_at(&self, work: &Work) -> String {
        let (name, first) = (self.summary.name(), work.batch.line(0));
        match self.form {
            Form::Lines => format!("{name} is not loaded from line {first} on"),
            Form::Bundle => format!("{name} is not loaded from entry {first} on"),
        }
    }

    fn end_of_file(&mut self, end: End) {
        let (name, fate) = self.summary.next();
        if let Err((line, error)) = end {
            let place = match line {
                0 => String::new(),
                line => format!(" beyond line {}", text::count(line)),
            };
            self.failures
                .push(format!("{name} cannot be read{place}: {error}"));
        }
        let resources = text::counted(fate.good(), "resource", "resources");
        self.progress.file(&format!(
            "{name}: {resources}, {} rejected",
            text::count(fate.rejected)
        ));
    }

    /// Says what became of all, and how to go on.
    fn tell(self, ended: anyhow::Result<()>) -> anyhow::Result<()> {
        drop(self.progress);
        print(&self.summary.table())?;
        if self.unknown_references > 0 {
            let references = text::counted(self.unknown_references, "reference", "references");
            eprintln!(
                "{references} to urn:uuid:… stay as they are: their Bundles have no such entry"
            );
        }
        if self.superseded > 0 {
            let resources = text::counted(self.superseded, "resource is", "resources are");
            eprintln!(
                "{resources} not counted: the same one follows soon after, and that is loaded"
            );
        }
        let mut problems = self.failures;
        let rejected = self.summary.total().rejected;
        if rejected > 0 {
            let path = self.rejects.path().display();
            problems.push(format!(
                "{} rejected: {path} says which and why, and what is mended there can be loaded with\n  \
                 jq -r '.text // empty' {path} | bulk-export load - --rejects OTHER",
                text::counted(rejected, "resource was", "resources were")
            ));
        }
        if let Err(error) = ended {
            let mut advice = problems;
            advice.push(again(&self.rejects));
            let advice = advice.join("\n");
            return Err(Stopped { error, advice }.into());
        }
        ensure!(problems.is_empty(), problems.join("\n"));
        Ok(())
    }
}

/// Says how a run that was broken off is taken up.
fn again(rejects: &Rejects) -> String {
    let advice = "  go on with the same command: what is loaded already makes no new version";
    if rejects.is_made() {
        let path = rejects.path().display();
        format!("{advice}; first move {path} away")
    } else {
        advice.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_a_resource_is_that_of_exports() {
        let limit = |text: &str| {
            let name = "EXPORT_MAX_RESOURCE_BYTES".to_owned();
            resource_bytes(&Variables::new([(name, text.to_owned())]))
        };
        assert_eq!(limit("").unwrap(), 16_777_216);
        assert_eq!(limit("1024").unwrap(), 1_024);
        for wrong in ["1023", "1073741825", "16 MiB", "-1"] {
            let error = limit(wrong).unwrap_err().to_string();
            assert!(
                error.starts_with("EXPORT_MAX_RESOURCE_BYTES cannot be read"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_standard_input_is_read_once() {
        let inputs = [Input::Standard, Input::Standard];
        assert!(check(&inputs).is_err());
        assert_eq!(check(&inputs[..1]).unwrap(), None);
    }
}
