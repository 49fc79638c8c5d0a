//! A measured run over a known amount of data, and the choice among repeated ones.

use crate::cpu::Usage;

/// MB = 10^6 bytes, GB = 10^9.
const MB: f64 = 1e6;
const GB: f64 = 1e9;

/// How much data went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Amount {
    /// Resources.
    pub(crate) resources: u64,
    /// Bytes of uncompressed NDJSON.
    pub(crate) bytes: u64,
}

/// A run.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// What went through.
    pub(crate) amount: Amount,
    /// What it cost.
    pub(crate) usage: Usage,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "figures of three digits are shown"
)]
impl Measured {
    /// MB of NDJSON a second.
    pub(crate) fn mb_s(&self) -> f64 {
        self.amount.bytes as f64 / MB / self.usage.wall.as_secs_f64()
    }

    /// Resources a second.
    pub(crate) fn resources_s(&self) -> f64 {
        self.amount.resources as f64 / self.usage.wall.as_secs_f64()
    }

    /// Processor seconds a GB of NDJSON of one program.
    pub(crate) fn cpu_gb(&self, name: &str) -> f64 {
        self.usage.of(name) / (self.amount.bytes as f64 / GB)
    }

    /// Processor seconds a GB of NDJSON of everything that was measured.
    pub(crate) fn total_cpu_gb(&self) -> f64 {
        self.usage.total() / (self.amount.bytes as f64 / GB)
    }
}

/// The runs of one thing, at least one.
#[derive(Debug, Clone)]
pub(crate) struct Runs(Vec<Measured>);

impl Runs {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn push(&mut self, run: Measured) {
        self.0.push(run);
        self.0.sort_by(|a, b| a.mb_s().total_cmp(&b.mb_s()));
    }

    /// Gives the run of the median rate.
    pub(crate) fn median(&self) -> &Measured {
        &self.0[self.0.len() / 2]
    }

    /// Gives the run of the best rate.
    pub(crate) fn best(&self) -> &Measured {
        self.0.last().expect("at least one run")
    }

    /// Gives the median of the processor seconds a GB of everything, whatever the clock said.
    pub(crate) fn cpu_gb(&self) -> f64 {
        middle(self.0.iter().map(Measured::total_cpu_gb).collect())
    }

    /// Gives the median of one program's.
    pub(crate) fn cpu_gb_of(&self, name: &str) -> f64 {
        middle(self.0.iter().map(|run| run.cpu_gb(name)).collect())
    }
}

/// Gives the middle one of at least one number.
pub(crate) fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
