//! What the service refuses so that it stays up: one module a defence.

mod pause;
mod workers;
