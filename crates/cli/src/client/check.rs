//! Compares a file with what its manifest says. Where a manifest says nothing, nothing is compared.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use bulk_export_domain::file::FileDigest;
use bulk_export_ipfs::Digester;

use super::manifest::ManifestFile;
use crate::text;

/// Reads a file and computes its digest.
pub fn digest(path: &Path) -> io::Result<FileDigest> {
    let mut file = File::open(path)?;
    let mut digester = Digester::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digester.finish()),
            read => digester.update(&buffer[..read]),
        }
    }
}

/// Lists how a file differs from what its manifest says: size, SHA-256, CID and count.
#[must_use]
pub fn differences(file: &ManifestFile, found: &FileDigest) -> Vec<String> {
    let mut differences = Vec::new();
    let mut compare = |what: &str, expected: &str, found: &str| {
        if expected != found {
            differences.push(format!(
                "its {what} is {found}, not {}",
                text::clean(expected)
            ));
        }
    };
    if let Some(facts) = &file.facts {
        compare(
            "size",
            &facts.decoded_size.to_string(),
            &found.bytes.to_string(),
        );
        // SHA-256 and CID are of the stored bytes, which a coding makes other bytes than the NDJSON's.
        if facts.coding == "identity" {
            compare("SHA-256", &facts.sha256, &found.sha256.to_string());
            compare("CID", facts.cid(), found.cid.as_str());
        }
    }
    if let Some(count) = file.count {
        compare(
            "count of resources",
            &count.to_string(),
            &found.lines.to_string(),
        );
    }
    differences
}

/// Tells whether equal bytes are proved by the manifest, and not only an equal size or count.
#[must_use]
pub(super) fn is_proved(file: &ManifestFile) -> bool {
    file.facts
        .as_ref()
        .is_some_and(|facts| facts.coding == "identity")
}
