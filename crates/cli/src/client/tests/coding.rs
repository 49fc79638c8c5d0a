//! Compressed files into a folder: as they are stored, and decoded.

use std::{fs, path::Path};

use bulk_export_domain::file::Coding;
use bulk_export_ipfs::{Digester, Encoder};
use tempfile::TempDir;

use super::*;

const LINES: &str =
    "{\"resourceType\":\"Patient\",\"id\":\"1\"}\n{\"resourceType\":\"Patient\",\"id\":\"2\"}\n";
const CODED: [Coding; 2] = [Coding::Gzip, Coding::Zstd];

pub(super) fn encoded(coding: Coding, lines: &str) -> Vec<u8> {
    let mut encoder = Encoder::new(coding).unwrap();
    encoder
        .push::<std::io::Error>(lines.as_bytes(), |_| Ok(()))
        .unwrap();
    encoder.finish().unwrap().0.to_vec()
}

/// A manifest with one file, of these stored bytes, two lines and this decoded size.
pub(super) fn manifest(url: &str, coding: Coding, stored: &[u8], decoded_size: usize) -> Manifest {
    let mut digester = Digester::new();
    digester.update(stored);
    let digest = digester.finish();
    let (cid, sha256, size) = (digest.cid, digest.sha256, digest.bytes);
    let text = format!(
        r#"{{"transactionTime":"","requiresAccessToken":true,"error":[],"output":[{{"type":"Patient","url":"{url}","count":2,
        "extension":{{"https://fhir-bulk-export.org/extension/file":{{"ipfs":"ipfs://{cid}","sha256":"{sha256}",
        "size":{size},"coding":"{coding}","decodedSize":{decoded_size}}}}}}}]}}"#
    );
    Manifest::parse(&text).unwrap()
}

/// A server that sends these bytes, with this `Content-Encoding`.
async fn serving(stored: &[u8], coding: Option<&'static str>) -> Double {
    let stored = stored.to_vec();
    Double::start(move |_, _, _| {
        let answer = Answer::new(200).bytes(&stored);
        match coding {
            Some(coding) => answer.header("Content-Encoding", coding),
            None => answer,
        }
    })
    .await
}

async fn download(double: &Double, manifest: &Manifest, plan: &Download) -> Result<(), Error> {
    client(double).download(manifest, plan, |_| ()).await
}

fn plan(dir: &Path, decode: bool) -> Download {
    Download {
        dir: dir.to_owned(),
        gateway: None,
        at_once: 1,
        decode,
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_compressed_file_is_asked_for_as_it_is_stored_and_kept_so() {
    for coding in CODED {
        let (stored, dir) = (encoded(coding, LINES), TempDir::new().unwrap());
        let double = serving(&stored, coding.content_encoding()).await;
        let manifest = manifest(double.base().as_str(), coding, &stored, LINES.len());
        download(&double, &manifest, &plan(dir.path(), false))
            .await
            .unwrap();
        let name = format!("Patient.1.ndjson{}", coding.suffix());
        assert_eq!(names(dir.path()), [name.as_str(), MANIFEST]);
        assert_eq!(fs::read(dir.path().join(name)).unwrap(), stored);
        let accepted = double.seen()[0]
            .header("accept-encoding")
            .map(str::to_owned);
        assert_eq!(accepted.as_deref(), Some(coding.as_str()));
    }
}

#[tokio::test]
async fn a_compressed_file_is_decoded_on_demand() {
    for coding in CODED {
        let (stored, dir) = (encoded(coding, LINES), TempDir::new().unwrap());
        let double = serving(&stored, coding.content_encoding()).await;
        let manifest = manifest(double.base().as_str(), coding, &stored, LINES.len());
        download(&double, &manifest, &plan(dir.path(), true))
            .await
            .unwrap();
        assert_eq!(names(dir.path()), ["Patient.1.ndjson", MANIFEST]);
        let path = dir.path().join("Patient.1.ndjson");
        assert_eq!(fs::read_to_string(path).unwrap(), LINES);
    }
}

#[tokio::test]
async fn stored_bytes_that_differ_are_kept_in_no_form() {
    for coding in CODED {
        let stored = encoded(coding, LINES);
        let other = encoded(coding, &LINES.replace("\"1\"", "\"7\""));
        let mut broken = stored.clone();
        let last = broken.len() - 1;
        broken[last] ^= 1;
        for sent in [&other, &broken, &stored[..last].to_vec()] {
            for decode in [false, true] {
                let dir = TempDir::new().unwrap();
                let double = serving(sent, coding.content_encoding()).await;
                let manifest = manifest(double.base().as_str(), coding, &stored, LINES.len());
                let error = download(&double, &manifest, &plan(dir.path(), decode))
                    .await
                    .unwrap_err();
                assert!(matches!(error, Error::Differs { .. }), "{coding}: {error}");
                assert_eq!(names(dir.path()).len(), 0);
            }
        }
    }
}

#[tokio::test]
async fn a_decoded_file_has_the_size_and_count_of_the_manifest() {
    let (stored, dir) = (encoded(Coding::Gzip, LINES), TempDir::new().unwrap());
    let double = serving(&stored, Some("gzip")).await;
    let manifest = manifest(double.base().as_str(), Coding::Gzip, &stored, 71);
    let error = download(&double, &manifest, &plan(dir.path(), true))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Patient.1.ndjson is not what the manifest says: its decoded size is 72, not 71"
    );
}

#[tokio::test]
async fn an_answer_in_another_coding_is_not_taken_for_the_stored_bytes() {
    let stored = encoded(Coding::Gzip, LINES);
    for (sent, coding) in [(LINES.as_bytes(), None), (&stored[..], Some("zstd"))] {
        let (double, dir) = (serving(sent, coding).await, TempDir::new().unwrap());
        let manifest = manifest(double.base().as_str(), Coding::Gzip, &stored, LINES.len());
        let error = download(&double, &manifest, &plan(dir.path(), true))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("Content-Encoding"), "{error}");
    }
}

#[tokio::test]
async fn a_gateway_gives_the_stored_bytes_without_being_asked_for_a_coding() {
    let (stored, dir) = (encoded(Coding::Zstd, LINES), TempDir::new().unwrap());
    let gateway = serving(&stored, None).await;
    let known = manifest("http://h/f", Coding::Zstd, &stored, LINES.len());
    let url = known.files[0].facts.as_ref().unwrap().ipfs.clone();
    let manifest = manifest(&url, Coding::Zstd, &stored, LINES.len());
    let plan = Download {
        gateway: Some(gateway.base().join("/").unwrap()),
        ..plan(dir.path(), true)
    };
    download(&gateway, &manifest, &plan).await.unwrap();
    assert_eq!(gateway.seen()[0].header("accept-encoding"), None);
    let path = dir.path().join("Patient.1.ndjson");
    assert_eq!(fs::read_to_string(path).unwrap(), LINES);
}

#[tokio::test]
async fn a_download_is_taken_up_again_in_either_form() {
    let stored = encoded(Coding::Gzip, LINES);
    let (double, kept, decoded) = (
        serving(&stored, Some("gzip")).await,
        TempDir::new().unwrap(),
        TempDir::new().unwrap(),
    );
    let manifest = manifest(double.base().as_str(), Coding::Gzip, &stored, LINES.len());
    fs::write(kept.path().join("Patient.1.ndjson.gz"), &stored).unwrap();
    download(&double, &manifest, &plan(kept.path(), false))
        .await
        .unwrap();
    assert_eq!(double.seen().len(), 0, "its sum proves it");
    let path = decoded.path().join("Patient.1.ndjson");
    fs::write(&path, LINES).unwrap();
    download(&double, &manifest, &plan(decoded.path(), true))
        .await
        .unwrap();
    assert_eq!(double.seen().len(), 1, "no sum proves it: it is compared");
    assert_eq!(names(decoded.path()), ["Patient.1.ndjson", MANIFEST]);
}

#[tokio::test]
async fn what_only_looks_like_the_decoded_file_is_not_touched() {
    let (stored, dir) = (encoded(Coding::Gzip, LINES), TempDir::new().unwrap());
    let double = serving(&stored, Some("gzip")).await;
    let manifest = manifest(double.base().as_str(), Coding::Gzip, &stored, LINES.len());
    let path = dir.path().join("Patient.1.ndjson");
    for (other, asked) in [(LINES.replace("\"2\"", "\"3\""), 1), ("{}\n".to_owned(), 1)] {
        fs::write(&path, &other).unwrap();
        let error = download(&double, &manifest, &plan(dir.path(), true))
            .await
            .unwrap_err();
        assert!(
            matches!(error, Error::Occupied(_) | Error::Changed { .. }),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), other);
        assert_eq!(double.seen().len(), asked);
    }
}

#[tokio::test]
async fn an_export_does_not_go_into_a_folder_with_compressed_files() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("Consent.3.ndjson.zst"), "x").unwrap();
    let error = plan(dir.path(), false).prepare_new().unwrap_err();
    assert!(matches!(error, Error::Occupied(_)));
}
