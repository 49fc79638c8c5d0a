//! Ranges of a download (RFC 9110, sections 13.1.5 and 14).

use bulk_export_tests::{
    Client, Stack,
    http::{open, parse},
    one_file::OneFile,
};
use reqwest::Method;
use tokio::io::AsyncReadExt;

#[tokio::test]
async fn single_ranges_are_exact() {
    let file = OneFile::on(Stack::builder().workers(1).start().await).await;
    let size = file.bytes.len();
    for (range, first, last) in [
        ("bytes=0-0".to_owned(), 0, 0),
        ("bytes=0-999".to_owned(), 0, 999),
        // Across the border of two blocks of the node.
        ("bytes=1048570-1048581".to_owned(), 1_048_570, 1_048_581),
        ("bytes=3000000-".to_owned(), 3_000_000, size - 1),
        ("bytes=-500".to_owned(), size - 500, size - 1),
        (format!("bytes={}-", size - 1), size - 1, size - 1),
        (format!("bytes=10-{}", size + 1000), 10, size - 1),
        (format!("bytes=-{}", size * 2), 0, size - 1),
    ] {
        let reply = file.ranged(&range).await;
        assert_eq!(reply.status, 206, "{range}");
        assert_eq!(
            reply.header("content-range"),
            Some(format!("bytes {first}-{last}/{size}").as_str()),
            "{range}"
        );
        assert_eq!(
            reply.header("content-length"),
            Some((last - first + 1).to_string().as_str()),
            "{range}"
        );
        assert_eq!(
            reply.header("content-type"),
            Some("application/fhir+ndjson"),
            "{range}"
        );
        assert!(
            reply.body == file.bytes[first..=last],
            "{range}: other bytes"
        );
    }
}

#[tokio::test]
async fn a_range_beyond_the_end_is_416_and_a_set_of_ranges_is_the_whole() {
    let file = OneFile::on(Stack::builder().workers(1).start().await).await;
    let size = file.bytes.len();
    for range in [
        format!("bytes={size}-"),
        format!("bytes={}-{}", size + 5, size + 9),
        "bytes=-0".to_owned(),
    ] {
        let reply = file.ranged(&range).await;
        assert_eq!(reply.status, 416, "{range}");
        assert_eq!(
            reply.header("content-range"),
            Some(format!("bytes */{size}").as_str()),
            "{range}"
        );
    }
    for range in ["bytes=0-1,5-6", "lines=0-1", "bytes=9-3", "bytes"] {
        let reply = file.ranged(range).await;
        assert_eq!(reply.status, 200, "{range}");
        assert!(reply.body == file.bytes, "{range}");
    }
}

#[tokio::test]
async fn if_range_gives_the_range_of_the_same_file_only() {
    let file = OneFile::on(Stack::builder().workers(1).start().await).await;
    let tag = file
        .client
        .get(file.url())
        .await
        .header("etag")
        .unwrap()
        .to_owned();
    let weak = format!("W/{tag}");
    for (validator, status) in [
        (tag.as_str(), 206),
        ("\"another\"", 200),
        (weak.as_str(), 200),
        ("Mon, 23 Nov 2026 17:00:00 GMT", 200),
    ] {
        let request = file
            .client
            .request(Method::GET, file.url())
            .header("Range", "bytes=5-9")
            .header("If-Range", validator);
        let reply = Client::send(request).await;
        assert_eq!(reply.status, status, "{validator}");
        let expected = if status == 206 {
            &file.bytes[5..=9]
        } else {
            &file.bytes[..]
        };
        assert!(reply.body == expected, "{validator}");
    }
}

#[tokio::test]
async fn a_download_broken_off_and_resumed_gives_the_same_bytes() {
    let file = OneFile::on(Stack::builder().workers(1).start().await).await;
    let token = file.authorization();
    let mut stream = open(
        file.stack.address(),
        &format!("GET {}", file.path()),
        &[("Authorization", &token)],
    )
    .await;
    let mut first = vec![0; 2_000_000];
    stream.read_exact(&mut first).await.unwrap();
    drop(stream);
    let mut bytes = parse(&first).body;
    let rest = file.ranged(&format!("bytes={}-", bytes.len())).await;
    assert_eq!(rest.status, 206);
    bytes.extend(rest.body);
    assert!(bytes == file.bytes);
}
