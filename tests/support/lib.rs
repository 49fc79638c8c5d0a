//! The harness of the integration tests: it starts the real binaries on real services, speaks HTTP to them, looks
//! into Postgres, Redis and the IPFS node, and breaks things on purpose. It knows no code of theirs.

pub mod binaries;
pub mod browser;
pub mod client;
pub mod data;
pub mod database;
pub mod events;
pub mod gate;
pub mod http;
pub mod kubo;
pub mod metrics;
pub mod one_file;
pub mod poll;
pub mod process;
pub mod quantile;
pub mod receiver;
pub mod redis;
pub mod services;
pub mod stack;
pub mod test_dir;
pub mod tokens;

pub use browser::Browser;
pub use client::{Client, Reply};
pub use database::Database;
pub use gate::Gate;
pub use kubo::Kubo;
pub use metrics::Scrape;
pub use poll::{poll, secs};
pub use process::Process;
pub use quantile::quantile;
pub use stack::Stack;
pub use test_dir::TestDir;
