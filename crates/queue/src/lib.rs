//! Redis: hints are pushed and pulled through apalis. A hint only wakes; what is to be done stands in PostgreSQL.
//!
//! This crate alone names apalis and redis. It retries nothing, counts nothing and remembers nothing: whatever it
//! loses is announced again by the reconciler. apalis-redis 1.0.0 has defects on all of those paths, so none of them
//! is used (ARCHITECTURE.md, "The doorbell"). Beside the hints stand the counters of the rate limits, the same for all replicas.

mod config;
mod hints;
mod listen;
mod measure;
mod rate;
mod steady_poll;
mod tidy;

pub use config::Config;
pub use hints::Hints;
pub use listen::{Listener, OnHint};
pub use rate::{Rates, Taken};

/// The queue's name in Redis.
pub const QUEUE: &str = "fhir-bulk-export";

/// An error of the queue. Its text names no password: the redis crate's messages do not hold connection strings.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Redis refused, is away, or lost the connection.
    #[error("Redis failed")]
    Redis(#[from] redis::RedisError),
    /// apalis could not push.
    #[error("the hint could not be pushed")]
    Push(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No answer in time.
    #[error("Redis did not answer in time")]
    Deadline,
}
