//! The manifest of a completed export (Bulk Data Access IG 3.0.0, "Bulk Data Output Manifest"), plus `status` and
//! `progress` as two more members.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::{
    file::Coding,
    job::{File, FileKind, Job},
};

/// The key of the extension that every output item carries.
pub const FILE_EXTENSION: &str = "https://fhir-bulk-export.org/extension/file";

/// Where the `url` of a manifest's item leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileUrls {
    /// To our own download, under this FHIR base.
    Api(String),
    /// To the file's CID. Whoever can reach the node reads it without a token.
    Ipfs,
}

/// The manifest.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest<'a> {
    transaction_time: String,
    request: &'a str,
    requires_access_token: bool,
    output: Vec<Item>,
    error: Vec<Item>,
    status: &'static str,
    progress: u8,
}

#[derive(Debug, Serialize)]
struct Item {
    r#type: &'static str,
    url: String,
    count: u64,
    extension: ItemExtension,
}

#[derive(Debug, Serialize)]
struct ItemExtension {
    #[serde(rename = "https://fhir-bulk-export.org/extension/file")]
    file: FileFacts,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FileFacts {
    ipfs: String,
    sha256: String,
    size: u64,
    coding: Coding,
    decoded_size: u64,
}

impl<'a> Manifest<'a> {
    /// Makes the manifest of a completed job from its files, in their order.
    #[must_use]
    pub fn new(job: &'a Job, files: &[File], urls: &FileUrls) -> Self {
        let items = |error: bool| {
            let wanted = files
                .iter()
                .filter(|file| (file.kind == FileKind::Error) == error);
            wanted.map(|file| item(job, file, urls)).collect()
        };
        Self {
            transaction_time: instant(job.transaction_time),
            request: &job.request_url,
            requires_access_token: matches!(urls, FileUrls::Api(_)),
            output: items(false),
            error: items(true),
            status: "completed",
            progress: 100,
        }
    }
}

fn item(job: &Job, file: &File, urls: &FileUrls) -> Item {
    let digest = &file.stored.digest;
    let ipfs = format!("ipfs://{}", digest.cid);
    let url = match urls {
        FileUrls::Api(base) => format!("{base}/$export-file/{}/{}", job.id, file.id),
        FileUrls::Ipfs => ipfs.clone(),
    };
    let facts = FileFacts {
        ipfs,
        sha256: digest.sha256.to_string(),
        size: digest.bytes,
        coding: file.stored.coding,
        decoded_size: file.stored.decoded_bytes,
    };
    Item {
        r#type: file.kind.resource_type(),
        url,
        count: digest.lines,
        extension: ItemExtension { file: facts },
    }
}

/// Writes a FHIR instant: UTC, milliseconds, `Z`.
#[must_use]
pub fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        file::{FileDigest, Sha256, StoredFile},
        ids::{FileId, JobId},
        job::JobState,
        policy::{Ownership, Subject},
        resource_type::ResourceType,
    };

    fn job() -> Job {
        let at = DateTime::from_timestamp_millis(1_780_000_000_123).unwrap();
        Job {
            id: JobId::random(),
            ownership: Ownership {
                requester_id: "u".to_owned(),
                subject: Subject::Everyone,
            },
            request_url: "https://x/fhir/r4/Patient/$export?_type=Patient".to_owned(),
            transaction_time: at,
            created_at: at,
            state: JobState::Completed { expires_at: at },
        }
    }

    fn file(kind: FileKind) -> File {
        let cid = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
            .parse()
            .unwrap();
        File {
            id: FileId::random(),
            kind,
            stored: StoredFile {
                digest: FileDigest {
                    cid,
                    sha256: Sha256::from_bytes([0; 32]),
                    bytes: 9,
                    lines: 2,
                },
                coding: Coding::Zstd,
                decoded_bytes: 40,
            },
        }
    }

    #[test]
    fn output_and_error_are_arrays_even_when_empty() {
        let job = job();
        let json = serde_json::to_value(Manifest::new(&job, &[], &FileUrls::Ipfs)).unwrap();
        assert_eq!(json["output"], serde_json::json!([]));
        assert_eq!(json["error"], serde_json::json!([]));
        assert_eq!(json["requiresAccessToken"], false);
        assert_eq!(json["transactionTime"], "2026-05-28T20:26:40.123Z");
        assert_eq!(
            (&json["status"], &json["progress"]),
            (&"completed".into(), &100.into())
        );
    }

    #[test]
    fn an_item_tells_url_count_and_digest() {
        let (job, output, error) = (
            job(),
            file(FileKind::Output(ResourceType::Patient)),
            file(FileKind::Error),
        );
        let files = [output.clone(), error];
        let json = serde_json::to_value(Manifest::new(
            &job,
            &files,
            &FileUrls::Api("https://x/fhir/r4".to_owned()),
        ))
        .unwrap();
        let item = &json["output"][0];
        assert_eq!(
            item["url"],
            format!("https://x/fhir/r4/$export-file/{}/{}", job.id, output.id)
        );
        assert_eq!(
            (&item["type"], &item["count"]),
            (&"Patient".into(), &2.into())
        );
        let facts = &item["extension"][FILE_EXTENSION];
        assert_eq!(
            facts["ipfs"],
            format!("ipfs://{}", output.stored.digest.cid)
        );
        assert_eq!(
            (&facts["size"], &facts["sha256"]),
            (&9.into(), &"0".repeat(64).into())
        );
        assert_eq!(
            (&facts["coding"], &facts["decodedSize"]),
            (&"zstd".into(), &40.into())
        );
        assert_eq!(json["error"][0]["type"], "OperationOutcome");
        assert_eq!(json["requiresAccessToken"], true);
    }
}
