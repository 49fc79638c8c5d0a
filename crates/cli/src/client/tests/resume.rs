//! Files that go on where an earlier download broke off, by ranges that are of the same file.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use bulk_export_domain::file::Coding;
use tempfile::TempDir;

use super::{
    coding::{encoded, manifest},
    *,
};

const TAG: &str = "\"one\"";

fn lines(count: usize) -> String {
    let lines = (0..count).map(|n| format!("{{\"resourceType\":\"Patient\",\"id\":\"{n}\"}}\n"));
    lines.collect::<Vec<_>>().concat()
}

fn plan(dir: &Path) -> Download {
    Download {
        dir: dir.to_owned(),
        gateway: None,
        at_once: 1,
        decode: false,
    }
}

/// What an earlier process left of a file.
fn leave(dir: &Path, bytes: &[u8], tag: &str) {
    fs::write(dir.join(".Patient.1.ndjson.part"), bytes).unwrap();
    fs::write(dir.join(".Patient.1.ndjson.part.tag"), tag).unwrap();
}

fn names(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The first byte that a request asks for, with the right tag.
fn from(seen: &double::Seen, tag: &str) -> Option<usize> {
    if seen.header("if-range") != Some(tag) {
        return None;
    }
    let range = seen.header("range")?.strip_prefix("bytes=")?;
    range.strip_suffix('-')?.parse().ok()
}

/// A server that does ranges as RFC 9110 says.
async fn serving(body: &[u8], tag: &'static str) -> Double {
    let body = body.to_vec();
    Double::start(move |_, seen, _| match from(seen, tag) {
        Some(from) if from < body.len() => Answer::new(206)
            .header("ETag", tag)
            .header(
                "Content-Range",
                &format!("bytes {from}-{}/{}", body.len() - 1, body.len()),
            )
            .bytes(&body[from..]),
        Some(_) => Answer::new(416),
        None => Answer::new(200).header("ETag", tag).bytes(&body),
    })
    .await
}

fn of_lines(double: &Double, body: &str) -> Manifest {
    manifest_of(double, body.as_bytes(), body)
}

fn manifest_of(double: &Double, stored: &[u8], body: &str) -> Manifest {
    let count = body.lines().count();
    let manifest = manifest(double.base().as_str(), Coding::Identity, stored, body.len());
    Manifest::parse(
        &manifest
            .text
            .replace("\"count\":2", &format!("\"count\":{count}")),
    )
    .unwrap()
}

/// Downloads, and gives what was told.
async fn download(
    double: &Double,
    manifest: &Manifest,
    dir: &Path,
) -> (Result<(), Error>, Vec<String>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let note = |event: Event<'_>| {
        let line = match event {
            Event::Received(_) => return,
            Event::Resumed(bytes) => format!("resumed {bytes}"),
            Event::Restarted(bytes) => format!("restarted {bytes}"),
            Event::Kept(_, name) => format!("kept {name}"),
            Event::Saved(name) => format!("saved {name}"),
        };
        told.lock().unwrap().push(line);
    };
    let result = client(double).download(manifest, &plan(dir), note).await;
    let told = told.lock().unwrap().clone();
    (result, told)
}

#[tokio::test]
async fn what_is_missing_is_asked_for_and_nothing_else() {
    let (body, dir) = (lines(1000), TempDir::new().unwrap());
    let double = serving(body.as_bytes(), TAG).await;
    leave(dir.path(), &body.as_bytes()[..20_000], TAG);
    let (result, told) = download(&double, &of_lines(&double, &body), dir.path()).await;
    result.unwrap();
    assert_eq!(told, ["resumed 20000", "saved Patient.1.ndjson"]);
    let seen = double.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("range"), Some("bytes=20000-"));
    assert_eq!(
        fs::read_to_string(dir.path().join("Patient.1.ndjson")).unwrap(),
        body
    );
    assert_eq!(names(dir.path()), ["Patient.1.ndjson", MANIFEST]);
}

#[tokio::test]
async fn a_file_that_was_whole_already_is_not_asked_for() {
    let (body, dir) = (lines(10), TempDir::new().unwrap());
    let double = serving(body.as_bytes(), TAG).await;
    leave(dir.path(), body.as_bytes(), TAG);
    let (result, _) = download(&double, &of_lines(&double, &body), dir.path()).await;
    result.unwrap();
    assert_eq!((double.seen().len(), names(dir.path()).len()), (0, 2));
}

#[tokio::test]
async fn bytes_of_another_file_are_given_up() {
    let (body, dir) = (lines(1000), TempDir::new().unwrap());
    let double = serving(body.as_bytes(), TAG).await;
    leave(dir.path(), &[b'x'; 100], "\"another\"");
    let (result, told) = download(&double, &of_lines(&double, &body), dir.path()).await;
    result.unwrap();
    assert_eq!(
        told,
        ["resumed 100", "restarted 100", "saved Patient.1.ndjson"]
    );
    assert_eq!(double.seen().len(), 1, "the server sends the whole at once");
}

#[tokio::test]
async fn bytes_that_were_changed_on_the_disk_are_found_at_the_end_and_fetched_again() {
    let (body, dir) = (lines(1000), TempDir::new().unwrap());
    let double = serving(body.as_bytes(), TAG).await;
    let mut changed = body.as_bytes()[..20_000].to_vec();
    changed[10_000] ^= 1;
    leave(dir.path(), &changed, TAG);
    let (result, told) = download(&double, &of_lines(&double, &body), dir.path()).await;
    result.unwrap();
    let whole = format!("restarted {}", body.len());
    assert_eq!(
        told,
        ["resumed 20000", whole.as_str(), "saved Patient.1.ndjson"]
    );
    assert_eq!(
        fs::read_to_string(dir.path().join("Patient.1.ndjson")).unwrap(),
        body
    );
}

#[tokio::test]
async fn more_bytes_than_the_file_has_are_no_file() {
    let (body, dir) = (lines(10), TempDir::new().unwrap());
    let double = serving(body.as_bytes(), TAG).await;
    leave(dir.path(), lines(11).as_bytes(), TAG);
    let (result, _) = download(&double, &of_lines(&double, &body), dir.path()).await;
    result.unwrap();
    assert_eq!(
        fs::read_to_string(dir.path().join("Patient.1.ndjson")).unwrap(),
        body
    );
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_gone_on_with_at_once() {
    let (body, dir) = (lines(1000), TempDir::new().unwrap());
    let whole = body.clone();
    let double = Double::start(move |_, seen, at| {
        let bytes = whole.as_bytes();
        let answer = match from(seen, TAG) {
            Some(from) => Answer::new(206)
                .header(
                    "Content-Range",
                    &format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len()),
                )
                .bytes(&bytes[from..(from + 9000).min(bytes.len())])
                .promising(bytes.len() - from),
            None => Answer::new(200)
                .bytes(&bytes[..9000])
                .promising(bytes.len()),
        };
        // Twice it is away altogether.
        if at % 3 == 2 {
            Answer::broken()
        } else {
            answer.header("ETag", TAG)
        }
    })
    .await;
    let (result, told) = download(&double, &of_lines(&double, &body), dir.path()).await;
    result.unwrap();
    assert_eq!(
        told,
        ["resumed 0", "saved Patient.1.ndjson"],
        "nothing is given up"
    );
    assert!(double.seen().len() > 4);
}

#[tokio::test]
async fn a_server_that_answers_another_range_is_not_believed() {
    let body = lines(1000);
    for (status, range) in [
        (206, "bytes 0-9/10"),
        (206, "bytes 20001-38889/38890"),
        (206, ""),
        (416, "bytes */38890"),
    ] {
        let (whole, dir) = (body.clone(), TempDir::new().unwrap());
        let double = Double::start(move |_, seen, _| match from(seen, TAG) {
            Some(_) => Answer::new(status)
                .header("Content-Range", range)
                .bytes(&whole.as_bytes()[20_000..]),
            None => Answer::new(200).header("ETag", TAG).body(&whole),
        })
        .await;
        leave(dir.path(), &body.as_bytes()[..20_000], TAG);
        let (result, told) = download(&double, &of_lines(&double, &body), dir.path()).await;
        result.unwrap();
        assert_eq!(told[1], "restarted 20000", "{status} {range}");
        assert_eq!(
            fs::read_to_string(dir.path().join("Patient.1.ndjson")).unwrap(),
            body
        );
    }
}

#[tokio::test]
async fn a_server_without_strong_tags_is_asked_for_the_whole_each_time() {
    let (body, dir) = (lines(1000), TempDir::new().unwrap());
    let whole = body.clone();
    let double = Double::start(move |_, _, at| {
        let answer = Answer::new(200).header("ETag", "W/\"one\"");
        match at {
            0 => answer.body(&whole[..9000]).promising(whole.len()),
            _ => answer.body(&whole),
        }
    })
    .await;
    let (result, told) = download(&double, &of_lines(&double, &body), dir.path()).await;
    result.unwrap();
    assert!(told[1].starts_with("restarted "), "{told:?}");
    assert!(
        double
            .seen()
            .iter()
            .all(|seen| seen.header("range").is_none())
    );
}

#[tokio::test]
async fn what_differs_in_one_piece_is_the_servers_fault_and_does_not_stay() {
    let (body, dir) = (lines(1000), TempDir::new().unwrap());
    let double = serving(body.replace("\"999\"", "\"998\"").as_bytes(), TAG).await;
    leave(dir.path(), &body.as_bytes()[..20_000], TAG);
    let (result, told) = download(&double, &of_lines(&double, &body), dir.path()).await;
    assert!(matches!(result, Err(Error::Differs { .. })), "{result:?}");
    assert_eq!(
        told.len(),
        2,
        "once more in one piece, and no more: {told:?}"
    );
    assert_eq!((double.seen().len(), names(dir.path()).len()), (2, 0));
}

#[tokio::test]
async fn a_decoded_file_is_made_of_what_came_in_pieces_and_not_fetched_again() {
    let (body, dir) = (lines(5000), TempDir::new().unwrap());
    let stored = encoded(Coding::Gzip, &body);
    let whole = stored.clone();
    let double = Double::start(move |_, seen, _| {
        let answer = match from(seen, TAG) {
            Some(from) => Answer::new(206)
                .header(
                    "Content-Range",
                    &format!("bytes {from}-{}/{}", whole.len() - 1, whole.len()),
                )
                .bytes(&whole[from..]),
            None => Answer::new(200)
                .bytes(&whole[..whole.len() / 2])
                .promising(whole.len()),
        };
        answer
            .header("ETag", TAG)
            .header("Content-Encoding", "gzip")
    })
    .await;
    let manifest = manifest(double.base().as_str(), Coding::Gzip, &stored, body.len());
    let manifest =
        Manifest::parse(&manifest.text.replace("\"count\":2", "\"count\":5000")).unwrap();
    let plan = Download {
        decode: true,
        ..plan(dir.path())
    };
    let path = dir.path().join("Patient.1.ndjson");
    // As after a kill before the manifest was written.
    client(&double)
        .download(&manifest, &plan, |_| ())
        .await
        .unwrap();
    assert_eq!(names(dir.path()), ["Patient.1.ndjson", MANIFEST]);
    assert_eq!(fs::read_to_string(&path).unwrap(), body);
    assert_eq!(double.seen().len(), 2);
}

#[tokio::test]
async fn two_downloads_into_one_folder_do_not_meet() {
    let (body, dir) = (lines(10), TempDir::new().unwrap());
    let double = serving(body.as_bytes(), TAG).await;
    let other = fs::File::open(dir.path()).unwrap();
    other.lock().unwrap();
    let (result, _) = download(&double, &of_lines(&double, &body), dir.path()).await;
    assert!(matches!(result, Err(Error::Busy(_))), "{result:?}");
    drop(other);
    download(&double, &of_lines(&double, &body), dir.path())
        .await
        .0
        .unwrap();
}
