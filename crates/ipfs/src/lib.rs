//! IPFS: files that are stored, pinned, read, verified and let go, named by their CIDs.
//!
//! A [`Node`] stores files (workers write through it), a [`Gateway`] gives them back (the API reads through it), a
//! [`Digester`] computes what identifies a file, and [`verified()`] lets a stream end only if it is the file it should be.
//! An [`Encoder`] makes the bytes that are stored, a [`Decoder`] and [`decoded()`] make NDJSON of them again.
//!
//! This crate alone names the IPFS client and the HTTP client. It knows neither jobs nor leases: it does not decide
//! who owns a pin, when something is unpinned, or what is tried again. It believes the node nothing that it can
//! compute itself, logs nothing, and puts no CID and no URL into its errors.

mod check;
mod coding;
mod deadline;
mod digest;
mod error;
mod gateway;
mod measure;
mod node;
mod requests;
mod rpc;
mod upload;
mod verified;

pub use crate::{
    check::{Finding, Kind},
    coding::{Decoded, Decoder, Encoder, decoded},
    deadline::Deadlines,
    digest::Digester,
    error::{BoxError, Error},
    gateway::{Body, Chunks, Gateway},
    node::{Node, Pin, Usage},
    verified::verified,
};
