//! A compressed file as it lies, and decoded while it is sent.

use bulk_export_domain::file::Coding;
use bulk_export_tests::{
    Client, Stack, data,
    http::{open, parse},
    tokens,
};
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{CODED, Coded, decoded};

#[tokio::test]
async fn a_client_that_accepts_the_coding_gets_the_file_as_it_lies_and_any_other_gets_it_decoded() {
    for coding in CODED {
        let file = Coded::of(coding, Stack::builder()).await;
        assert!(decoded(coding, &file.stored) == file.plain);
        let tag = format!("\"{}\"", file.facts()["sha256"].as_str().unwrap());
        let (size, word) = (file.stored.len().to_string(), coding.as_str());
        for accepted in [
            word.to_owned(),
            "gzip, deflate, br, zstd".to_owned(),
            format!("br;q=1.0, {word};q=0.5, *;q=0"),
            "*".to_owned(),
        ] {
            let reply = file.get(&[("Accept-Encoding", &accepted)]).await;
            assert_eq!(reply.status, 200);
            assert!(reply.body == file.stored, "{accepted}");
            let headers = [
                ("content-type", Some("application/fhir+ndjson")),
                ("content-encoding", Some(word)),
                ("content-length", Some(size.as_str())),
                ("accept-ranges", Some("bytes")),
                ("etag", Some(tag.as_str())),
                ("vary", Some("Accept-Encoding")),
            ];
            for (name, value) in headers {
                assert_eq!(reply.header(name), value, "{accepted}: {name}");
            }
        }
        let weak = format!("W/{tag}");
        let refused = format!("{word};q=0, *");
        for accepted in [
            None,
            Some(""),
            Some("identity"),
            Some("br"),
            Some(refused.as_str()),
            Some("identity;q=0"),
            Some("*;q=0"),
        ] {
            let headers: Vec<_> = accepted
                .map(|accepted| ("Accept-Encoding", accepted))
                .into_iter()
                .collect();
            let reply = file.get(&headers).await;
            assert_eq!(reply.status, 200, "{accepted:?}: never 406");
            assert!(reply.body == file.plain, "{accepted:?}");
            let headers = [
                ("content-type", Some("application/fhir+ndjson")),
                ("content-encoding", None),
                ("content-length", None),
                ("accept-ranges", Some("none")),
                ("etag", Some(weak.as_str())),
                ("vary", Some("Accept-Encoding")),
            ];
            for (name, value) in headers {
                assert_eq!(reply.header(name), value, "{accepted:?}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn head_says_of_each_form_what_get_says() {
    let file = Coded::of(Coding::Gzip, Stack::builder()).await;
    for accepted in ["gzip", "identity"] {
        let headers = [("Accept-Encoding", accepted)];
        let (get, head) = (
            file.get(&headers).await,
            file.send(Method::HEAD, &headers).await,
        );
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
        for name in [
            "content-type",
            "content-encoding",
            "content-length",
            "accept-ranges",
            "etag",
            "vary",
        ] {
            assert_eq!(head.header(name), get.header(name), "{accepted}: {name}");
        }
    }
}

#[tokio::test]
async fn ranges_are_of_the_stored_bytes_and_a_decoded_file_has_none() {
    let file = Coded::of(Coding::Zstd, Stack::builder()).await;
    let size = file.stored.len();
    for (range, first, last) in [
        ("bytes=0-99".to_owned(), 0, 99),
        ("bytes=1048570-1048581".to_owned(), 1_048_570, 1_048_581),
        ("bytes=-9".to_owned(), size - 9, size - 1),
    ] {
        let headers = [("Accept-Encoding", "zstd"), ("Range", range.as_str())];
        let reply = file.get(&headers).await;
        assert_eq!(reply.status, 206, "{range}");
        let content_range = format!("bytes {first}-{last}/{size}");
        assert_eq!(reply.header("content-range"), Some(content_range.as_str()));
        assert_eq!(reply.header("content-encoding"), Some("zstd"));
        assert!(reply.body == file.stored[first..=last], "{range}");
        let reply = file.get(&[("Range", &range)]).await;
        assert_eq!(
            reply.status, 200,
            "{range}: RFC 9110 lets a server ignore it"
        );
        assert!(reply.body == file.plain, "{range}");
        assert_eq!(reply.header("content-range"), None);
    }
    let beyond = format!("bytes={size}-");
    let headers = [("Accept-Encoding", "zstd"), ("Range", beyond.as_str())];
    assert_eq!(file.get(&headers).await.status, 416);
    assert_eq!(file.get(&[("Range", &beyond)]).await.status, 200);
}

#[tokio::test]
async fn validators_are_right_in_both_forms() {
    let file = Coded::of(Coding::Gzip, Stack::builder()).await;
    let strong = format!("\"{}\"", file.facts()["sha256"].as_str().unwrap());
    let weak = format!("W/{strong}");
    for (accepted, tag) in [("gzip", &strong), ("identity", &weak)] {
        for known in [&strong, &weak] {
            let headers = [
                ("Accept-Encoding", accepted),
                ("If-None-Match", known.as_str()),
            ];
            let reply = file.get(&headers).await;
            assert_eq!((reply.status.as_u16(), reply.body.len()), (304, 0));
            assert_eq!(reply.header("etag"), Some(tag.as_str()));
            assert_eq!(reply.header("vary"), Some("Accept-Encoding"));
        }
        let headers = [
            ("Accept-Encoding", accepted),
            ("If-None-Match", "\"another\""),
        ];
        assert_eq!(file.get(&headers).await.status, 200);
        for (validator, ranged) in [(&strong, accepted == "gzip"), (&weak, false)] {
            let headers = [
                ("Accept-Encoding", accepted),
                ("Range", "bytes=5-9"),
                ("If-Range", validator.as_str()),
            ];
            let reply = file.get(&headers).await;
            assert_eq!(reply.status == 206, ranged, "{accepted} {validator}");
        }
    }
}

#[tokio::test]
async fn a_file_that_is_not_compressed_is_sent_to_everybody_as_before() {
    let stack = Stack::with_sample(3).await;
    let admin = stack.admin();
    let manifest = admin.export("_type=Patient").await;
    let url = manifest["output"][0]["url"].as_str().unwrap();
    let plain = admin.get(url).await.body;
    for accepted in ["gzip, zstd", "identity;q=0", "*"] {
        let request = admin.request(Method::GET, url);
        let reply = Client::send(request.header("Accept-Encoding", accepted)).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-encoding"), None, "{accepted}");
        assert_eq!(reply.header("vary"), None, "there is one form only");
        assert!(reply.body == plain);
    }
}

#[tokio::test]
async fn before_http_1_1_a_decoded_file_has_a_length_because_nothing_else_tells_its_end() {
    let file = Coded::of(Coding::Gzip, Stack::builder()).await;
    let path = file.url().strip_prefix(file.stack.root()).unwrap();
    let token = tokens::token(&file.patient.to_string(), "PATIENT");
    let request = format!("GET {path} HTTP/1.0\r\nAuthorization: Bearer {token}\r\n\r\n");
    let mut stream = tokio::net::TcpStream::connect(file.stack.address())
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = vec![];
    stream.read_to_end(&mut bytes).await.unwrap();
    let reply = parse(&bytes);
    assert_eq!(reply.status, 200);
    let size = file.plain.len().to_string();
    assert_eq!(reply.header("content-length"), Some(size.as_str()));
    assert!(reply.body == file.plain);
}

#[tokio::test]
async fn decoding_a_large_file_needs_little_memory_however_well_it_was_compressed() {
    for coding in CODED {
        let stack = Stack::builder()
            .workers(1)
            .worker("EXPORT_COMPRESSION", coding.as_str())
            .start()
            .await;
        data::patient_with_records(&stack.database, 15_000, 6_000).await;
        let admin = stack.admin();
        let manifest = admin.export("_type=DocumentReference").await;
        let item = &manifest["output"][0];
        let api = stack.api.as_ref().unwrap();
        let before = api.peak_memory();
        let bytes = admin.get(item["url"].as_str().unwrap()).await.body.len() as u64;
        let grown = api.peak_memory() - before;
        let facts = &item["extension"][bulk_export_tests::client::FILE_EXTENSION];
        println!(
            "{coding}: {} bytes stored, {bytes} decoded, the API's peak RSS grew by {grown}",
            facts["size"]
        );
        assert!(bytes > 80_000_000);
        assert!(grown < 16 << 20, "{grown}");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_while_a_file_is_decoded_leaves_the_server_as_it_was() {
    let file = Coded::of(Coding::Zstd, Stack::builder()).await;
    let path = file.url().strip_prefix(file.stack.root()).unwrap();
    let token = format!(
        "Bearer {}",
        tokens::token(&file.patient.to_string(), "PATIENT")
    );
    let request = format!("GET {path}");
    let headers = [("Authorization", token.as_str())];
    let mut stream = open(file.stack.address(), &request, &headers).await;
    let mut first = vec![0; 1_000_000];
    stream.read_exact(&mut first).await.unwrap();
    drop(stream);
    assert!(file.get(&[]).await.body == file.plain);
}
