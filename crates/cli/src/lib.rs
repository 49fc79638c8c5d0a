//! The command line of operators and clients. The [`client`] is a library of its own.

pub mod client;
pub mod sample;
pub mod text;
