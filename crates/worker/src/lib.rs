//! The worker: claims parts and runs them, announces what is due, releases and sweeps what is over.
//!
//! It decides nothing about who may see what (the job's stored subject does), keeps no state that matters (the
//! database does), and may be killed at any instruction.

pub mod config;
mod context;
mod drain;
mod export;
mod failure;
mod gate;
mod health;
mod heartbeat;
mod lease;
mod lines;
mod measure;
mod pipeline;
mod reconcile;
mod release;
mod run;
mod sweep;
mod webhooks;

pub use context::Context;
pub use run::{StartError, run};
