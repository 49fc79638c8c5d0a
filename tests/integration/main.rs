//! The integration tests: one binary, one module a subject. Each test has its own database and its own processes.

mod access;
mod architecture;
mod cancel;
mod confidentiality;
mod configuration;
mod damage;
mod download;
mod expiry;
mod fhir_validity;
mod kick_off;
mod manifest;
mod migrations;
mod node;
mod ownership;
mod privacy;
mod ranges;
mod recovery;
mod redis_outage;
mod refusals;
mod service;
mod sharing;
mod shutdown;
mod status;
mod stel_defects;
mod streaming;
mod sweep;
