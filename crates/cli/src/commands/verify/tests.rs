//! Folders that are whole, and folders that are not.

use std::fs;

use bulk_export_ipfs::{Digester, Encoder};
use tempfile::TempDir;

use super::*;

const ONE: &str =
    "{\"resourceType\":\"Patient\",\"id\":\"1\"}\n{\"resourceType\":\"Patient\",\"id\":\"2\"}\n";
const TWO: &str = "{\"resourceType\":\"Consent\",\"id\":\"1\"}\n";

fn item(name: &str, bytes: &str) -> String {
    let mut digester = Digester::new();
    digester.update(bytes.as_bytes());
    let found = digester.finish();
    let (cid, sha256, size, lines) = (found.cid, found.sha256, found.bytes, found.lines);
    format!(
        r#"{{"type":"{name}","url":"http://h/f","count":{lines},"extension":{{"https://fhir-bulk-export.org/extension/file":
        {{"ipfs":"ipfs://{cid}","sha256":"{sha256}","size":{size},"coding":"identity","decodedSize":{size}}}}}}}"#
    )
}

fn folder() -> TempDir {
    let dir = TempDir::new().unwrap();
    let items = [item("Patient", ONE), item("Consent", TWO)].join(",");
    let manifest = format!(
        r#"{{"transactionTime":"","requiresAccessToken":true,"output":[{items}],"error":[]}}"#
    );
    fs::write(dir.path().join(MANIFEST), manifest).unwrap();
    fs::write(dir.path().join("Patient.1.ndjson"), ONE).unwrap();
    fs::write(dir.path().join("Consent.1.ndjson"), TWO).unwrap();
    dir
}

/// Gives the line about the patients' file after it was replaced, and sees that it alone is wrong.
fn replaced(bytes: &str) -> String {
    let dir = folder();
    fs::write(dir.path().join("Patient.1.ndjson"), bytes).unwrap();
    let report = check(dir.path()).unwrap();
    assert_eq!((report.wrong, report.lines.len()), (1, 2));
    assert!(
        report.lines[1].starts_with("ok    Consent.1.ndjson: 1 resource, 36 B, bafk"),
        "{}",
        report.lines[1]
    );
    report.lines[0].clone()
}

#[test]
fn a_whole_folder_has_a_line_for_each_file() {
    let report = check(folder().path()).unwrap();
    assert_eq!((report.wrong, report.lines.len()), (0, 2));
    assert!(
        report.lines[0].starts_with("ok    Patient.1.ndjson: 2 resources, 72 B, bafk"),
        "{}",
        report.lines[0]
    );
}

#[test]
fn a_changed_byte_is_found() {
    let line = replaced(&ONE.replace("\"1\"", "\"7\""));
    assert!(
        line.starts_with("WRONG Patient.1.ndjson: its SHA-256 is ") && line.contains("its CID is "),
        "{line}"
    );
    assert!(
        !line.contains("its size") && !line.contains("its count"),
        "{line}"
    );
}

#[test]
fn a_short_file_is_found() {
    let line = replaced(&ONE[..ONE.len() - 1]);
    assert!(
        line.contains("its size is 71, not 72")
            && line.contains("its count of resources is 1, not 2"),
        "{line}"
    );
}

#[test]
fn an_extra_line_is_found() {
    let line = replaced(&format!("{ONE}{{}}\n"));
    assert!(
        line.contains("its count of resources is 3, not 2"),
        "{line}"
    );
}

#[test]
fn a_missing_and_a_stray_file_are_found() {
    let dir = folder();
    fs::rename(
        dir.path().join("Patient.1.ndjson"),
        dir.path().join("Patient.9.ndjson"),
    )
    .unwrap();
    let report = check(dir.path()).unwrap();
    assert_eq!(report.wrong, 2);
    assert_eq!(report.lines[0], "WRONG Patient.1.ndjson: is missing");
    assert_eq!(
        report.lines[2],
        "WRONG Patient.9.ndjson: is not in the manifest"
    );
}

#[test]
fn a_folder_without_a_manifest_is_no_whole_download() {
    let dir = TempDir::new().unwrap();
    let error = format!("{:#}", check(dir.path()).unwrap_err());
    assert!(
        error.contains("it is written when a download is complete"),
        "{error}"
    );
}

/// A folder with a compressed file of two patients, as it is stored.
fn compressed(coding: Coding) -> (TempDir, Vec<u8>) {
    let mut encoder = Encoder::new(coding).unwrap();
    encoder
        .push::<io::Error>(ONE.as_bytes(), |_| Ok(()))
        .unwrap();
    let stored = encoder.finish().unwrap().0.to_vec();
    let mut digester = Digester::new();
    digester.update(&stored);
    let found = digester.finish();
    let (cid, sha256, size) = (found.cid, found.sha256, found.bytes);
    let item = format!(
        r#"{{"type":"Patient","url":"http://h/f","count":2,"extension":{{"https://fhir-bulk-export.org/extension/file":
        {{"ipfs":"ipfs://{cid}","sha256":"{sha256}","size":{size},"coding":"{coding}","decodedSize":72}}}}}}"#
    );
    let manifest = format!(
        r#"{{"transactionTime":"","requiresAccessToken":true,"output":[{item}],"error":[]}}"#
    );
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join(MANIFEST), manifest).unwrap();
    let name = format!("Patient.1.ndjson{}", coding.suffix());
    fs::write(dir.path().join(name), &stored).unwrap();
    (dir, stored)
}

#[test]
fn a_compressed_file_is_checked_as_it_is_stored_and_what_is_in_it_too() {
    for coding in [Coding::Gzip, Coding::Zstd] {
        let (dir, stored) = compressed(coding);
        let report = check(dir.path()).unwrap();
        let expected = format!(
            "ok    Patient.1.ndjson{}: 2 resources, {} B, bafk",
            coding.suffix(),
            stored.len()
        );
        assert_eq!((report.wrong, report.lines.len()), (0, 1));
        assert!(
            report.lines[0].starts_with(&expected),
            "{}",
            report.lines[0]
        );
    }
}

#[test]
fn a_changed_byte_in_a_compressed_file_is_found() {
    let (dir, mut stored) = compressed(Coding::Gzip);
    let place = stored.len() - 5;
    stored[place] ^= 1;
    fs::write(dir.path().join("Patient.1.ndjson.gz"), stored).unwrap();
    let line = check(dir.path()).unwrap().lines.remove(0);
    assert!(
        line.starts_with("WRONG Patient.1.ndjson.gz: its SHA-256 is ")
            && line.ends_with("; it cannot be decoded"),
        "{line}"
    );
}

#[test]
fn a_decoded_file_is_checked_by_size_and_count() {
    let (dir, _) = compressed(Coding::Zstd);
    let (stored, plain) = (
        dir.path().join("Patient.1.ndjson.zst"),
        dir.path().join("Patient.1.ndjson"),
    );
    fs::rename(&stored, &plain).unwrap();
    fs::write(&plain, ONE).unwrap();
    let report = check(dir.path()).unwrap();
    assert_eq!(
        report.lines,
        ["ok    Patient.1.ndjson: 2 resources, 72 B decoded, size and count only"]
    );
    fs::write(&plain, &ONE[..70]).unwrap();
    let report = check(dir.path()).unwrap();
    assert_eq!(
        report.lines,
        [
            "WRONG Patient.1.ndjson: its decoded size is 70, not 72; its count of resources is 1, not 2"
        ]
    );
}

#[test]
fn both_forms_beside_each_other_are_one_too_many() {
    let (dir, _) = compressed(Coding::Gzip);
    fs::write(dir.path().join("Patient.1.ndjson"), ONE).unwrap();
    let report = check(dir.path()).unwrap();
    assert_eq!((report.wrong, report.lines.len()), (1, 2));
    assert_eq!(
        report.lines[1],
        "WRONG Patient.1.ndjson: stands beside its other form"
    );
}

#[test]
fn a_missing_and_a_stray_compressed_file_are_found() {
    let (dir, _) = compressed(Coding::Gzip);
    fs::rename(
        dir.path().join("Patient.1.ndjson.gz"),
        dir.path().join("Patient.2.ndjson.gz"),
    )
    .unwrap();
    let report = check(dir.path()).unwrap();
    let expected = [
        "WRONG Patient.1.ndjson.gz: is missing",
        "WRONG Patient.2.ndjson.gz: is not in the manifest",
    ];
    assert_eq!(report.lines, expected);
}
