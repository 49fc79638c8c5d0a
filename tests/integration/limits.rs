//! What the service refuses so that it stays up: one module a defence.

mod disk;
mod job;
mod kick_off;
mod pause;
mod rate;
mod workers;
