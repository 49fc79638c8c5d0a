//! PostgreSQL: the truth about jobs, parts, leases, files and audit, and the clinical tables that are exported.
//!
//! This crate alone names diesel and r2d2; domain values go in and come out. Its async methods run on blocking
//! threads and never block the caller's. It talks to no queue and no node: where a pin has to be made or released
//! under a database lock, the caller hands in how.

mod admission;
mod audit;
mod cancel;
mod claim;
mod complete;
mod config;
mod connector;
mod error;
mod files;
mod finish;
mod gauges;
mod jobs;
pub mod load;
mod measure;
mod migrate;
mod node;
pub mod operator;
mod outgrown;
mod pool;
mod reconcile;
mod report;
mod rows;
mod schema;
mod service;
pub mod source;
mod sweep;
mod watch;
pub mod webhooks;
mod workers;

pub use audit::{AUDITED, Action, Entry};
pub use claim::Progress;
pub use config::{Config, SourceConfig};
pub use connector::close;
pub use error::{BoxError, Error};
pub use finish::{Finished, NewFile, OnCid, Pinning};
pub use migrate::{migrate, revert_all};
pub use node::NodeMeasure;
pub use pool::Store;
pub use service::Pause;
pub use sweep::{Collected, Unowned};
pub use watch::Watched;
pub use workers::{Beat, DEAD_AFTER};
