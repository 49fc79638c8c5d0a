//! How far an export, a download or a load is: a bar on a terminal, else a plain line for each change. Always on the
//! standard error output.

mod loading;

use std::{
    io::{IsTerminal, stderr},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    client::{Error, Event, Manifest, ManifestFile, Status},
    text,
};

pub use loading::Loading;

/// A bar that turns while nothing is told.
const TICK: Duration = Duration::from_millis(120);

/// Makes a bar on the standard error output; hidden where that is no terminal.
pub(crate) fn bar(length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let style =
        ProgressStyle::with_template(template).expect("the templates of this program are valid");
    bar.set_style(style.progress_chars("━╸ "));
    bar.enable_steady_tick(TICK);
    bar
}

/// Something that turns while a thing of unknown length is waited for; gone when it is dropped.
#[derive(Debug)]
pub struct Spinner(ProgressBar);

/// Begins to turn, with a word for what is waited for.
#[must_use]
pub fn spinner(what: &str) -> Spinner {
    let spinner = bar(0, "{spinner} {msg}, {elapsed}");
    spinner.set_message(what.to_owned());
    Spinner(spinner)
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Says that a request is sent again.
#[must_use]
pub fn again(failure: &Error) -> String {
    format!("{failure}; asking again")
}

/// Makes what says so above a bar.
fn notice(bar: &ProgressBar) -> impl Fn(&Error) + Send + Sync + use<> {
    let bar = bar.clone();
    move |failure| {
        if bar.is_hidden() {
            eprintln!("{}", again(failure));
        } else {
            bar.println(again(failure));
        }
    }
}

/// The progress of an export at the server.
#[derive(Debug)]
pub struct Waiting {
    bar: ProgressBar,
    plain: Option<String>,
}

impl Waiting {
    /// Begins to show it.
    #[must_use]
    pub fn begin() -> Self {
        let plain = (!stderr().is_terminal()).then(String::new);
        let bar = bar(100, "{spinner} exporting {bar:40} {pos:>3} %  {msg}");
        Self { bar, plain }
    }

    /// Makes what says above the bar that a request is sent again.
    pub fn notice(&self) -> impl Fn(&Error) + Send + Sync + use<> {
        notice(&self.bar)
    }

    /// Shows a status.
    pub fn show(&mut self, status: &Status) {
        let Status::Running { progress, .. } = status else {
            return;
        };
        let line = describe(status);
        if let Some(shown) = &mut self.plain {
            if *shown != line {
                eprintln!("{line}");
                *shown = line;
            }
            return;
        }
        self.bar.set_position(progress.map_or(0, u64::from));
        self.bar.set_message(detail(status));
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Says in a line what a status is.
#[must_use]
pub fn describe(status: &Status) -> String {
    match status {
        Status::Running { progress, .. } => {
            let percent = progress.map(|percent| format!("{percent} %"));
            let detail = detail(status);
            match (percent, detail.is_empty()) {
                (Some(percent), true) => format!("running: {percent}"),
                (Some(percent), false) => format!("running: {percent} {detail}"),
                (None, true) => "running".to_owned(),
                (None, false) => format!("running: {detail}"),
            }
        }
        Status::Complete(manifest) => {
            let files = text::counted(manifest.files.len() as u64, "file", "files");
            format!(
                "completed: {files}, transaction time {}",
                text::clean(&manifest.transaction_time)
            )
        }
        Status::Failed(outcome) => format!("failed: {outcome}"),
        Status::Gone => "gone: cancelled, expired, not yours, or never there".to_owned(),
    }
}

/// What is known beside the percentage: the total, or a foreign server's own words.
fn detail(status: &Status) -> String {
    match status {
        Status::Running {
            total: Some(total), ..
        } => format!("of {}", text::counted(*total, "resource", "resources")),
        Status::Running {
            progress: None,
            x_progress: Some(words),
            ..
        } => words.clone(),
        _ => String::new(),
    }
}

/// The progress of a download.
#[derive(Debug)]
pub struct Downloading {
    bar: ProgressBar,
    plain: bool,
    saved: AtomicU64,
    files: usize,
}

impl Downloading {
    /// Begins to show it.
    #[must_use]
    pub fn begin(manifest: &Manifest) -> Self {
        let size = |file: &ManifestFile| file.facts.as_ref().map(|facts| facts.size);
        let total: Option<u64> = manifest.files.iter().map(size).sum();
        let template = if total.is_some() {
            "{spinner} downloading {bar:20} {percent:>3} %  {decimal_bytes}/{decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left"
        } else {
            "{spinner} downloading {decimal_bytes}, {decimal_bytes_per_sec}"
        };
        Self {
            bar: bar(total.unwrap_or(0), template),
            plain: !stderr().is_terminal(),
            saved: AtomicU64::new(0),
            files: manifest.files.len(),
        }
    }

    /// Makes what says above the bar that a request is sent again.
    pub fn notice(&self) -> impl Fn(&Error) + Send + Sync + use<> {
        notice(&self.bar)
    }

    /// Shows an event.
    pub fn show(&self, event: Event<'_>) {
        match event {
            Event::Received(bytes) => self.bar.inc(bytes),
            Event::Resumed(bytes) => self.was_here(bytes),
            Event::Restarted(bytes) => self.bar.dec(bytes),
            Event::Kept(file, name) => {
                self.was_here(file.facts.as_ref().map_or(0, |facts| facts.size));
                self.line(name, "was there already");
            }
            Event::Saved(name) => self.line(name, "saved and checked"),
        }
    }

    /// Moves the bar by what did not come over the network: the rate and what is left are of what does.
    fn was_here(&self, bytes: u64) {
        if bytes > 0 {
            self.bar.inc(bytes);
            self.bar.reset_eta();
        }
    }

    fn line(&self, name: &str, fact: &str) {
        let saved = self.saved.fetch_add(1, Ordering::Relaxed) + 1;
        if self.plain {
            eprintln!("{saved}/{} {name} {fact}", self.files);
        }
    }
}

impl Drop for Downloading {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(progress: Option<u8>, total: Option<u64>, words: Option<&str>) -> String {
        describe(&Status::Running {
            progress,
            total,
            retry_after: None,
            x_progress: words.map(str::to_owned),
        })
    }

    #[test]
    fn a_running_export_is_told_with_what_is_known() {
        assert_eq!(running(None, None, None), "running");
        assert_eq!(running(Some(0), None, Some("pending")), "running: 0 %");
        assert_eq!(
            running(Some(42), Some(12_345), None),
            "running: 42 % of 12,345 resources"
        );
        assert_eq!(running(None, None, Some("half way")), "running: half way");
    }
}
