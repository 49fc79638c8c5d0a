//! What an operator sees and does: jobs in lists and one by one, workers, the node, what was done lately; retry, cancel
//! and sweep. Ids of requesters are in clear, because an operator answers for them; a patient's id is read in the audit alone.
//!
//! Lists are cut by key and never by offset. It decides nothing about who is an operator: its callers do.

mod actions;
mod attention;
mod audit;
mod clients;
mod job;
mod jobs;
mod now;
mod sweep;
mod throughput;

use std::fmt;

pub use actions::{Cancelled, Retried};
pub use attention::{About, Attention, Level, Signs, attention};
pub use audit::{AuditFilter, AuditLine};
pub use clients::Client;
pub use job::{FileLine, JobView, PartCounts, PartLine, TimelineEntry, Whose};
pub(crate) use jobs::unsigned;
pub use jobs::{Counts, Cursor, Filter, InvalidCursor, JobLine};
pub use now::{Backlog, NodeView, OpenJob, OwnedPins, Queue, WorkerLine};
pub use sweep::{SweepReport, Swept};
pub use throughput::{Span, Throughput};

/// A requester's or an operator's id in clear. Its `Debug` names nobody.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person(String);

impl Person {
    /// Takes an id.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// Gives the id in clear, for an operator's eyes.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person([redacted])")
    }
}

/// How many rows one page holds at most, whatever is asked for.
pub const MOST_ROWS: i64 = 1000;

/// Keeps what is asked for within a page.
pub(crate) fn page(limit: i64) -> i64 {
    limit.clamp(1, MOST_ROWS)
}
