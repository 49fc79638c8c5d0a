//! A stand-in for the yanked `core2`: with the standard library at hand it only ever re-exported these two modules.
#![forbid(unsafe_code)]
pub use std::{error, io};
