//! The integration tests: one binary, one module a subject. Each test has its own database and its own processes.

mod access;
mod cancel;
mod damage;
mod download;
mod expiry;
mod kick_off;
mod manifest;
mod ownership;
mod privacy;
mod ranges;
mod refusals;
mod status;
mod streaming;
