//! The rules of the bulk export: jobs and parts and their states, who may see what, FHIR in and out.
//!
//! This crate does no I/O: it opens no socket, reads no clock, and names no database, queue or node. What it needs
//! to know of the world is an argument.

pub mod clinical;
pub mod config;
pub mod file;
pub mod hint;
pub mod ids;
pub mod job;
pub mod kick_off;
pub mod limits;
pub mod manifest;
pub mod mapper;
pub mod metadata;
pub mod outcome;
pub mod part;
pub mod policy;
pub mod pseudonym;
pub mod range;
pub mod resource_type;
pub mod sources;
pub mod stored;
pub mod text;
pub mod webhook;
