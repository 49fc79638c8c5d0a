//! The command line of operators and clients: the database's migration, sample data, development tokens, and exports
//! from kick-off to checked files. The [`client`] is a library of its own; the integration tests use it too.
//!
//! It decides nothing about access or data: servers do. Secrets come from the environment or a file, never from an
//! argument, and no command but `token` prints one.

pub mod args;
pub mod client;
pub mod commands;
pub mod environment;
pub mod interrupt;
pub mod operator;
pub mod progress;
pub mod records;
pub mod sample;
pub mod table;

pub use bulk_export_domain::text;
