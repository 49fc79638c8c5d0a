//! The progress of a load.

use std::{
    io::{IsTerminal, stderr},
    time::{Duration, Instant},
};

use indicatif::ProgressBar;

use super::bar;
use crate::text;

/// Without a terminal, a line is written no more often than this.
const PAUSE: Duration = Duration::from_secs(10);

/// The progress of a load.
#[derive(Debug)]
pub struct Loading {
    bar: ProgressBar,
    plain: bool,
    begun: Instant,
    told: Instant,
}

impl Loading {
    /// Begins to show it; the size of what is read may be unknown.
    #[must_use]
    pub fn begin(size: Option<u64>) -> Self {
        let template = if size.is_some() {
            "{spinner} loading {bar:30} {percent:>3} %  {decimal_bytes_per_sec}, {msg}, {eta} left"
        } else {
            "{spinner} loading {decimal_bytes}, {decimal_bytes_per_sec}, {msg}"
        };
        let bar = bar(size.unwrap_or(0), template);
        bar.set_message("0 resources");
        let now = Instant::now();
        Self {
            bar,
            plain: !stderr().is_terminal(),
            begun: now,
            told: now,
        }
    }

    /// Shows how many bytes were read and how many resources are loaded.
    pub fn show(&mut self, bytes: u64, resources: u64) {
        let rate = per_second(resources, self.begun.elapsed());
        let resources = text::counted(resources, "resource", "resources");
        if self.plain {
            if self.told.elapsed() >= PAUSE {
                eprintln!("{} read, {resources}, {rate}", text::size(bytes));
                self.told = Instant::now();
            }
            return;
        }
        self.bar.set_position(bytes);
        self.bar.set_message(format!("{resources}, {rate}"));
    }

    /// Says that a file is done.
    pub fn file(&self, line: &str) {
        if self.plain {
            eprintln!("{line}");
        }
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn per_second(resources: u64, time: Duration) -> String {
    let milliseconds = time.as_millis().max(1);
    let rate = u128::from(resources) * 1_000 / milliseconds;
    format!("{}/s", text::count(u64::try_from(rate).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_told_in_whole_resources() {
        assert_eq!(per_second(30_000, Duration::from_millis(2_500)), "12,000/s");
        assert_eq!(per_second(5, Duration::ZERO), "5,000/s");
    }
}
