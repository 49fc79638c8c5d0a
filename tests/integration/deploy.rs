//! What `deploy/` says, checked without a cluster or an engine: every manifest is read as its type, strictly, and what
//! the documentation promises about it is asserted on the result. It does not show that a cluster or an engine runs it.

mod compose;
mod configuration;
mod images;
mod network;
mod objects;
mod pods;
mod policies;
mod references;
mod scaling;
mod selectors;
mod variables;
mod webhooks;
mod yaml;

use std::{fs, path::PathBuf};

/// The path of a file of the repository.
fn path(relative: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(relative)
}

/// The text of a file of the repository.
fn text(relative: &str) -> String {
    fs::read_to_string(path(relative)).unwrap_or_else(|e| panic!("{relative}: {e}"))
}
