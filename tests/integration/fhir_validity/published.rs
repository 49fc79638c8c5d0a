//! The published definitions: where they lie, and how they are read.

use std::{fs, path::PathBuf, process::Command, sync::OnceLock};

use bulk_export_tests::binaries::workspace;
use serde_json::Value;

/// Reads one of the published files. Fetches them first if they are not there; a failure fails the test.
pub(crate) fn read(name: &str) -> Value {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let path = FOLDER.get_or_init(folder).join(name);
    let bytes = fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn folder() -> PathBuf {
    let fetch = workspace().join("tests/fhir-schema/fetch");
    let output = Command::new(&fetch)
        .output()
        .unwrap_or_else(|e| panic!("{}: {e}", fetch.display()));
    assert!(
        output.status.success(),
        "The published FHIR R4 definitions are missing and could not be fetched. Run tests/fhir-schema/fetch; it said:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    PathBuf::from(
        String::from_utf8(output.stdout)
            .expect("a path in UTF-8")
            .trim_end(),
    )
}
