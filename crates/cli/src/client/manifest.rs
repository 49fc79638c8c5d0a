//! The manifest of a completed export as a client reads it: any server's, with or without our extension. It is kept
//! byte for byte, so that what is stored beside the files is what the server said.

use std::collections::BTreeMap;

use bulk_export_domain::{file::Coding, manifest::FILE_EXTENSION};
use serde::Deserialize;

use crate::text;

/// Why a text is no manifest that can be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidManifest {
    /// Not JSON of the expected form.
    #[error("it is not a manifest: {0}")]
    Json(#[from] serde_json::Error),
    /// An item whose type is no name. Types become file names, so nothing else is taken.
    #[error("it names the resource type {0:?}, which is no FHIR type")]
    Type(String),
}

/// Which of the manifest's lists an item stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Exported resources.
    Output,
    /// Bundles of deletions.
    Deleted,
    /// `OperationOutcome`s: what was ignored or left out.
    Error,
}

/// What our extension says of a file's stored bytes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileFacts {
    /// `ipfs://` and the CID.
    pub ipfs: String,
    /// The SHA-256 in hexadecimal.
    pub sha256: String,
    /// The size in bytes.
    pub size: u64,
    /// How the stored bytes are coded.
    pub coding: Coding,
    /// The size of the NDJSON in bytes.
    pub decoded_size: u64,
}

impl FileFacts {
    /// Gives the CID.
    #[must_use]
    pub fn cid(&self) -> &str {
        self.ipfs.strip_prefix("ipfs://").unwrap_or(&self.ipfs)
    }
}

/// One file of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFile {
    /// The list it stands in.
    pub list: List,
    /// The resource type.
    pub resource_type: String,
    /// Where it is, as the manifest says.
    pub url: String,
    /// How many resources it holds, where the manifest says so.
    pub count: Option<u64>,
    /// Our extension, where the server gives it.
    pub facts: Option<FileFacts>,
    /// Its name as plain NDJSON: `Type.n.ndjson`, numbered in the manifest's order.
    pub name: String,
}

impl ManifestFile {
    /// Says how the stored bytes are coded: not at all, where the manifest says nothing.
    #[must_use]
    pub fn coding(&self) -> Coding {
        self.facts
            .as_ref()
            .map_or(Coding::Identity, |facts| facts.coding)
    }

    /// Gives the name under which the stored bytes are kept, such as `Patient.1.ndjson.gz`.
    #[must_use]
    pub fn stored_name(&self) -> String {
        format!("{}{}", self.name, self.coding().suffix())
    }
}

/// Says whether a file of this name may be one of an export's, in any form.
#[must_use]
pub fn is_ndjson(name: &str) -> bool {
    Coding::ALL.into_iter().any(|coding| {
        name.strip_suffix(coding.suffix())
            .is_some_and(|name| name.ends_with(".ndjson"))
    })
}

/// A manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Everything that changed up to this instant is in the files.
    pub transaction_time: String,
    /// The kick-off's URL.
    pub request: String,
    /// Whether the files need the token.
    pub requires_access_token: bool,
    /// All files: output, deleted, error.
    pub files: Vec<ManifestFile>,
    /// The manifest as the server sent it.
    pub text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    transaction_time: String,
    #[serde(default)]
    request: String,
    requires_access_token: bool,
    output: Vec<WireItem>,
    #[serde(default)]
    deleted: Vec<WireItem>,
    #[serde(default)]
    error: Vec<WireItem>,
}

#[derive(Deserialize)]
struct WireItem {
    r#type: String,
    url: String,
    count: Option<u64>,
    #[serde(default)]
    extension: BTreeMap<String, serde_json::Value>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// Text that is not JSON, lacks a required member, or names a type that is none.
    pub fn parse(text: &str) -> Result<Self, InvalidManifest> {
        let wire: Wire = serde_json::from_str(text)?;
        let mut files = Vec::new();
        let mut numbers = BTreeMap::new();
        let lists = [
            (List::Output, wire.output),
            (List::Deleted, wire.deleted),
            (List::Error, wire.error),
        ];
        for (list, items) in lists {
            for item in items {
                files.push(item.named(list, &mut numbers)?);
            }
        }
        Ok(Self {
            transaction_time: wire.transaction_time,
            request: wire.request,
            requires_access_token: wire.requires_access_token,
            files,
            text: text.to_owned(),
        })
    }

    /// Gives the files of one list.
    pub fn list(&self, list: List) -> impl Iterator<Item = &ManifestFile> {
        self.files.iter().filter(move |file| file.list == list)
    }
}

impl WireItem {
    fn named(
        self,
        list: List,
        numbers: &mut BTreeMap<String, u32>,
    ) -> Result<ManifestFile, InvalidManifest> {
        let letters = self.r#type.bytes().all(|b| b.is_ascii_alphabetic());
        if !letters || !(1..=64).contains(&self.r#type.len()) {
            return Err(InvalidManifest::Type(text::clean(&self.r#type)));
        }
        let number = numbers.entry(self.r#type.clone()).or_insert(0);
        *number += 1;
        let name = format!("{}.{number}.ndjson", self.r#type);
        let mut extension = self.extension;
        let facts = extension
            .remove(FILE_EXTENSION)
            .map(serde_json::from_value)
            .transpose()?;
        Ok(ManifestFile {
            list,
            resource_type: self.r#type,
            url: self.url,
            count: self.count,
            facts,
            name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(output: &str) -> Result<Manifest, InvalidManifest> {
        Manifest::parse(&format!(
            r#"{{"transactionTime":"2026-01-01T00:00:00Z","request":"http://h/x","requiresAccessToken":true,
                "output":[{output}],"error":[{{"type":"OperationOutcome","url":"http://h/e"}}],"status":"completed"}}"#
        ))
    }

    #[test]
    fn files_are_named_by_type_and_number_in_the_manifests_order() {
        let item = |name: &str| format!(r#"{{"type":"{name}","url":"http://h/f"}}"#);
        let output = [item("Patient"), item("Consent"), item("Patient")].join(",");
        let manifest = manifest(&output).unwrap();
        let names: Vec<_> = manifest.files.iter().map(|f| f.name.as_str()).collect();
        let expected = [
            "Patient.1.ndjson",
            "Consent.1.ndjson",
            "Patient.2.ndjson",
            "OperationOutcome.1.ndjson",
        ];
        assert_eq!(names, expected);
        assert_eq!(manifest.list(List::Output).count(), 3);
    }

    #[test]
    fn the_extension_is_read_and_its_absence_allowed() {
        let output = r#"{"type":"Patient","url":"http://h/f","count":2,"extension":{"https://other.example":1,
            "https://fhir-bulk-export.org/extension/file":{"ipfs":"ipfs://bafy","sha256":"00","size":9,"coding":"identity","decodedSize":9}}}"#;
        let manifest = manifest(output).unwrap();
        let facts = manifest.files[0].facts.as_ref().unwrap();
        assert_eq!(
            (facts.cid(), facts.size, manifest.files[0].count),
            ("bafy", 9, Some(2))
        );
        assert_eq!(manifest.files[1].facts, None);
    }

    #[test]
    fn a_stored_file_is_named_by_its_coding() {
        let output = |coding: &str| {
            format!(
                r#"{{"type":"Patient","url":"http://h/f","extension":{{"https://fhir-bulk-export.org/extension/file":
                {{"ipfs":"","sha256":"","size":9,"coding":"{coding}","decodedSize":99}}}}}}"#
            )
        };
        for (coding, name) in [
            ("identity", "Patient.1.ndjson"),
            ("gzip", "Patient.1.ndjson.gz"),
            ("zstd", "Patient.1.ndjson.zst"),
        ] {
            let file = manifest(&output(coding)).unwrap().files.remove(0);
            assert_eq!(
                (file.stored_name().as_str(), file.name.as_str()),
                (name, "Patient.1.ndjson")
            );
            assert!(is_ndjson(name));
        }
        assert!(
            manifest(&output("br")).is_err(),
            "one that we cannot decode"
        );
        for other in ["manifest.json", "a.ndjson.br", "ndjson.gz", "a.gz"] {
            assert!(!is_ndjson(other), "{other}");
        }
    }

    #[test]
    fn a_type_that_would_leave_the_folder_is_refused() {
        for name in [
            "../../etc/passwd",
            "",
            "a/b",
            "C:",
            "Pati ent",
            &"A".repeat(65),
        ] {
            let item = format!(r#"{{"type":"{name}","url":"http://h/f"}}"#);
            assert!(
                matches!(manifest(&item), Err(InvalidManifest::Type(_))),
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for text in ["", "{}", "[]", r#"{"status":"in_progress","progress":1}"#] {
            assert!(
                matches!(Manifest::parse(text), Err(InvalidManifest::Json(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn the_text_stays_as_it_was_sent() {
        let text = "{ \"transactionTime\":\"t\", \"requiresAccessToken\":false,\n\"output\":[] }";
        assert_eq!(Manifest::parse(text).unwrap().text, text);
    }
}
