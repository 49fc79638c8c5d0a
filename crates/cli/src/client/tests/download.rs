//! Files into a folder.

use std::{fs, path::Path};

use bulk_export_ipfs::Digester;
use tempfile::TempDir;

use super::*;

const LINES: &str =
    "{\"resourceType\":\"Patient\",\"id\":\"1\"}\n{\"resourceType\":\"Patient\",\"id\":\"2\"}\n";

/// A manifest's item of a file with these bytes.
fn item(url: &str, bytes: &str) -> String {
    let mut digester = Digester::new();
    digester.update(bytes.as_bytes());
    let digest = digester.finish();
    let (cid, sha256, size, lines) = (digest.cid, digest.sha256, digest.bytes, digest.lines);
    format!(
        r#"{{"type":"Patient","url":"{url}","count":{lines},"extension":{{"https://fhir-bulk-export.org/extension/file":
        {{"ipfs":"ipfs://{cid}","sha256":"{sha256}","size":{size},"coding":"identity","decodedSize":{size}}}}}}}"#
    )
}

fn manifest(token: bool, items: &[String]) -> Manifest {
    let items = items.join(",");
    let text = format!(
        r#"{{"transactionTime":"","requiresAccessToken":{token},"output":[{items}],"error":[]}}"#
    );
    Manifest::parse(&text).unwrap()
}

fn plan(dir: &Path) -> Download {
    Download {
        dir: dir.to_owned(),
        gateway: None,
        at_once: 4,
        decode: false,
    }
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

async fn files() -> Double {
    Double::start(|_, _, _| Answer::new(200).body(LINES)).await
}

#[tokio::test]
async fn files_stand_under_their_names_and_the_manifest_beside_them() {
    let (double, dir) = (files().await, TempDir::new().unwrap());
    let dir = dir.path().join("made/for/it");
    let url = format!("{}/file", double.base());
    let manifest = manifest(true, &[item(&url, LINES), item(&url, LINES)]);
    client(&double)
        .download(&manifest, &plan(&dir), |_| ())
        .await
        .unwrap();
    assert_eq!(
        names(&dir),
        ["Patient.1.ndjson", "Patient.2.ndjson", MANIFEST]
    );
    assert_eq!(
        fs::read_to_string(dir.join("Patient.2.ndjson")).unwrap(),
        LINES
    );
    assert_eq!(
        fs::read_to_string(dir.join(MANIFEST)).unwrap(),
        manifest.text
    );
    assert!(
        double
            .seen()
            .iter()
            .all(|seen| seen.header("authorization") == Some("Bearer canary-token"))
    );
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_what_was_downloaded() {
    use std::os::unix::fs::PermissionsExt;
    let (double, dir) = (files().await, TempDir::new().unwrap());
    let dir = dir.path().join("export");
    let manifest = manifest(true, &[item(double.base().as_str(), LINES)]);
    client(&double)
        .download(&manifest, &plan(&dir), |_| ())
        .await
        .unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (
            mode(&dir),
            mode(&dir.join("Patient.1.ndjson")),
            mode(&dir.join(MANIFEST))
        ),
        (0o700, 0o600, 0o600)
    );
}

#[tokio::test]
async fn the_token_goes_to_no_other_server_and_nowhere_when_it_is_not_required() {
    let (home, other, dir) = (files().await, files().await, TempDir::new().unwrap());
    let elsewhere = manifest(true, &[item(other.base().as_str(), LINES)]);
    client(&home)
        .download(&elsewhere, &plan(&dir.path().join("a")), |_| ())
        .await
        .unwrap();
    assert_eq!(other.seen()[0].header("authorization"), None);
    let open = manifest(false, &[item(home.base().as_str(), LINES)]);
    client(&home)
        .download(&open, &plan(&dir.path().join("b")), |_| ())
        .await
        .unwrap();
    assert_eq!(home.seen()[0].header("authorization"), None);
}

#[tokio::test]
async fn a_file_that_differs_is_not_kept_and_no_manifest_is_written() {
    let dir = TempDir::new().unwrap();
    let changed = LINES.replace("\"1\"", "\"7\"");
    let double = Double::start(move |_, _, _| Answer::new(200).body(&changed)).await;
    let manifest = manifest(true, &[item(double.base().as_str(), LINES)]);
    let error = client(&double)
        .download(&manifest, &plan(dir.path()), |_| ())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Differs { differences, .. } if differences.len() == 2),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .starts_with("Patient.1.ndjson is not what the manifest says: its SHA-256 is ")
    );
    assert_eq!((names(dir.path()).len(), double.seen().len()), (0, 1));
}

#[tokio::test]
async fn a_short_file_that_ends_well_differs_too() {
    let dir = TempDir::new().unwrap();
    let double =
        Double::start(|_, _, _| Answer::new(200).body(LINES.lines().next().unwrap())).await;
    let manifest = manifest(true, &[item(double.base().as_str(), LINES)]);
    let error = client(&double)
        .download(&manifest, &plan(dir.path()), |_| ())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Differs { differences, .. } if differences.len() == 4),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_breaks_off_is_fetched_again() {
    let (dir, lost) = (
        TempDir::new().unwrap(),
        std::sync::atomic::AtomicU64::new(0),
    );
    let double = Double::start(|_, _, at| match at {
        0 => Answer::new(200).body(&LINES[..10]).promising(LINES.len()),
        1 => Answer::new(503).body(&outcome("transient")),
        _ => Answer::new(200).body(LINES),
    })
    .await;
    let manifest = manifest(true, &[item(double.base().as_str(), LINES)]);
    let told = |event: Event<'_>| {
        if let Event::Restarted(bytes) = event {
            lost.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
        }
    };
    client(&double)
        .download(&manifest, &plan(dir.path()), told)
        .await
        .unwrap();
    assert_eq!(names(dir.path()), ["Patient.1.ndjson", MANIFEST]);
    assert!(lost.into_inner() <= 10);
}

#[tokio::test]
async fn what_an_earlier_download_left_is_checked_and_kept_but_nothing_else_is_touched() {
    let (double, dir) = (files().await, TempDir::new().unwrap());
    let manifest = manifest(true, &[item(double.base().as_str(), LINES)]);
    let path = dir.path().join("Patient.1.ndjson");
    fs::write(&path, "somebody's\n").unwrap();
    assert!(matches!(
        plan(dir.path()).prepare_new(),
        Err(Error::Occupied(_))
    ));
    let error = client(&double)
        .download(&manifest, &plan(dir.path()), |_| ())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Changed { .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "somebody's\n");
    fs::write(&path, LINES).unwrap();
    client(&double)
        .download(&manifest, &plan(dir.path()), |_| ())
        .await
        .unwrap();
    assert_eq!(double.seen().len(), 0);
    let error = client(&double)
        .download(&manifest, &plan(dir.path()), |_| ())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Occupied(path) if path.ends_with(MANIFEST)));
}

#[tokio::test]
async fn ipfs_urls_are_read_through_a_gateway_without_the_token() {
    let (double, gateway, dir) = (files().await, files().await, TempDir::new().unwrap());
    let known = manifest(false, &[item("http://h/f", LINES)]);
    let cid = known.files[0].facts.as_ref().unwrap().cid().to_owned();
    let manifest = manifest(false, &[item(&format!("ipfs://{cid}"), LINES)]);
    let mut plan = plan(dir.path());
    let error = client(&double)
        .download(&manifest, &plan, |_| ())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("--gateway"), "{error}");
    plan.gateway = Some(gateway.base().join("/").unwrap());
    client(&double)
        .download(&manifest, &plan, |_| ())
        .await
        .unwrap();
    let seen = gateway.seen();
    assert_eq!(
        (seen[0].path.as_str(), seen[0].header("authorization")),
        (format!("/ipfs/{cid}").as_str(), None)
    );
}

#[tokio::test]
async fn a_manifest_can_make_us_read_nothing_but_http() {
    let (double, dir) = (files().await, TempDir::new().unwrap());
    for url in [
        "file:///etc/passwd",
        "/relative",
        "ipfs://../../api/v0",
        "ftp://h/f",
    ] {
        let manifest = manifest(true, &[item(url, LINES)]);
        let error = client(&double)
            .download(&manifest, &plan(dir.path()), |_| ())
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Unusable { .. }), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_refused_file_shows_the_servers_words_and_no_url() {
    let dir = TempDir::new().unwrap();
    let double = Double::start(|_, _, _| Answer::new(404).body(&outcome("not-found"))).await;
    let manifest = manifest(
        true,
        &[item(
            &format!("{}/canary?signature=canary", double.base()),
            LINES,
        )],
    );
    let error = client(&double)
        .download(&manifest, &plan(dir.path()), |_| ())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("because of not-found"),
        "{error}"
    );
    assert!(
        !format!("{error} {error:?}").contains("canary"),
        "{error:?}"
    );
}
