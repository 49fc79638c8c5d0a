//! What the programs hold, second by second.

use std::time::Duration;

use bulk_export_tests::{Process, Stack, secs};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// The resident bytes of each program over time.
#[derive(Debug, Default)]
pub(crate) struct Memory(Vec<(String, Vec<u64>)>);

/// A program at the beginning and at the end, in bytes.
#[derive(Debug)]
pub(crate) struct Course {
    /// The program.
    pub(crate) name: String,
    /// The median of the second sixth of the time: everything has been used once.
    pub(crate) early: u64,
    /// The median of the last sixth.
    pub(crate) late: u64,
    /// The most.
    pub(crate) peak: u64,
}

impl Memory {
    /// Looks once a second for so long.
    pub(crate) async fn watch(&mut self, stack: &Stack, time: Duration) {
        let programs: Vec<(String, &Process)> = named(stack).collect();
        self.0 = programs
            .iter()
            .map(|(name, _)| (name.clone(), Vec::new()))
            .collect();
        let end = Instant::now() + time;
        let mut ticks = interval(secs(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while Instant::now() < end {
            ticks.tick().await;
            for ((_, series), (_, program)) in self.0.iter_mut().zip(&programs) {
                series.push(program.memory());
            }
        }
    }

    /// Gives each program's course.
    pub(crate) fn courses(&self) -> impl Iterator<Item = Course> {
        self.0.iter().map(|(name, series)| {
            let sixth = series.len() / 6;
            Course {
                name: name.clone(),
                early: median(&series[sixth..2 * sixth]),
                late: median(&series[series.len() - sixth..]),
                peak: series.iter().copied().max().unwrap_or(0),
            }
        })
    }
}

fn named(stack: &Stack) -> impl Iterator<Item = (String, &Process)> {
    let api = stack.api.iter().map(|api| ("api".to_owned(), api));
    let workers = stack.workers.iter().zip(1..);
    api.chain(workers.map(|(worker, number)| (format!("worker {number}"), worker)))
}

fn median(series: &[u64]) -> u64 {
    let mut sorted = series.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}
