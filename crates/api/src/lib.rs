//! The HTTP server: kick-off, status, cancel, download, metadata and health.
//!
//! It reads no clinical data and has no way to the IPFS node's RPC port. It decides no access (the domain does) and
//! keeps no state: any replica answers any request.

pub mod auth;
pub mod config;
mod error;
mod limits;
mod operator;
mod private;
mod requester;
mod requests;
mod routes;
mod server;
mod state;
mod watch;

pub use server::{StartError, run};
