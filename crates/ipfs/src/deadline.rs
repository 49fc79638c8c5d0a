//! How long the node may take. The client libraries have no deadline of their own, so every call goes through here.

use std::{future::Future, time::Duration};

use crate::error::Error;

/// The deadlines of a [`Node`](crate::Node) and of a [`Gateway`](crate::Gateway).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For an answer that costs the node no work, and for the headers of a download.
    pub call: Duration,
    /// For a pin: the node walks over all blocks of the file (0.2 s for 800 MB).
    pub pin: Duration,
    /// For the list of all pins (0.14 s for 5,000).
    pub list: Duration,
    /// For each step of a garbage collection; the first is a walk over everything that is pinned.
    pub collect: Duration,
    /// For a node that takes nothing of an upload, answers nothing at its end, or gives nothing of a download.
    /// A large file may take as long as it needs while it moves; a source that gives nothing costs the node no time.
    pub progress: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(10),
            pin: Duration::from_mins(2),
            list: Duration::from_mins(1),
            collect: Duration::from_mins(10),
            progress: Duration::from_mins(1),
        }
    }
}

/// Waits for the node, no longer than `limit`.
pub(crate) async fn within<T>(
    what: &'static str,
    limit: Duration,
    answer: impl Future<Output = T>,
) -> Result<T, Error> {
    tokio::time::timeout(limit, answer)
        .await
        .map_err(|_| Error::Deadline { what, limit })
}
