//! What authentication promises, tested from outside: tokens in, requesters or refusals out.

mod accepted;
mod config;
mod corpus;
mod endpoint;
mod failing;
mod fetching;
mod file;
mod key_sets;
mod redaction;
mod refused;
mod support;
