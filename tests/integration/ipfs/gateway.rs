//! Downloads through the gateway: whole files, ranges, and answers that do not fit.

use std::time::Duration;

use bulk_export_domain::range::ByteRange;
use bulk_export_ipfs::{Deadlines, Error, Gateway, verified};
use futures::{StreamExt, TryStreamExt};

use super::{
    doubles::{self, Then},
    world::{MIB, chunks, digest, file, gateway, node},
};

#[tokio::test]
async fn a_range_is_those_bytes_and_no_others() {
    let (node, gateway, sent) = (node(), gateway(), file(2 * MIB + 100));
    let stored = node.add(chunks(&sent, MIB)).await.unwrap();
    let end = sent.len() - 1;
    for (first, last) in [(0, 0), (0, end), (MIB - 1, MIB), (end, end), (5, 2 * MIB)] {
        let range = ByteRange {
            first: first as u64,
            last: last as u64,
        };
        let body = gateway.open(&stored.cid, Some(range)).await.unwrap();
        assert_eq!(body.len, range.bytes());
        let bytes: Vec<_> = body.stream.try_collect().await.unwrap();
        assert!(bytes.concat() == sent[first..=last], "{range:?}");
    }
}

#[tokio::test]
async fn a_range_beyond_the_end_is_refused() {
    let (node, gateway, sent) = (node(), gateway(), file(100));
    let stored = node.add(chunks(&sent, 10)).await.unwrap();
    let clipped = gateway
        .open(
            &stored.cid,
            Some(ByteRange {
                first: 50,
                last: 100,
            }),
        )
        .await;
    assert!(matches!(clipped, Err(Error::Corrupt(_))), "{clipped:?}");
    let outside = gateway
        .open(
            &stored.cid,
            Some(ByteRange {
                first: 100,
                last: 200,
            }),
        )
        .await;
    assert!(matches!(outside, Err(Error::Refused(_))), "{outside:?}");
}

#[tokio::test]
async fn a_file_passes_the_check_whole_or_not_to_its_end() {
    let (node, gateway, sent) = (node(), gateway(), file(3 * MIB));
    let stored = node.add(chunks(&sent, MIB)).await.unwrap();
    let body = gateway.open(&stored.cid, None).await.unwrap();
    let passed: Vec<_> = verified(body.stream, stored.bytes, stored.sha256)
        .try_collect()
        .await
        .unwrap();
    assert!(passed.concat() == sent);

    let body = gateway.open(&stored.cid, None).await.unwrap();
    let other = digest(b"another file").sha256;
    let checked: Vec<_> = verified(body.stream, stored.bytes, other).collect().await;
    assert!(matches!(checked.last(), Some(Err(Error::Corrupt(_)))));
    let passed: usize = checked.iter().flatten().map(|chunk| chunk.len()).sum();
    assert!(passed < sent.len(), "the last chunk is held back");
}

#[tokio::test]
async fn an_unknown_file_is_not_found() {
    let found = gateway().open(&digest(&file(100)).cid, None).await;
    assert!(matches!(found, Err(Error::NotFound)), "{found:?}");
}

#[tokio::test]
async fn a_gateway_that_answers_is_ready_and_the_rpc_port_is_not_a_gateway() {
    gateway().ready().await.unwrap();
    let rpc = std::env::var("TEST_IPFS_API_URL").unwrap();
    assert!(
        Gateway::new(&rpc.parse().unwrap())
            .unwrap()
            .ready()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_corrupt() {
    let cid = digest(b"a file").cid;
    let range = Some(ByteRange { first: 0, last: 2 });
    let cases = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\na file", range),
        (
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-2/6\r\nContent-Length: 3\r\n\r\na f",
            None,
        ),
        (
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 1-3/6\r\nContent-Length: 3\r\n\r\n fi",
            range,
        ),
        (
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-2/6\r\nContent-Length: 2\r\n\r\na ",
            range,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\na file\r\n0\r\n\r\n",
            None,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\na file",
            None,
        ),
    ];
    for (answer, range) in cases {
        let url = doubles::answering(answer, Then::End).await;
        let opened = Gateway::new(&url).unwrap().open(&cid, range).await;
        assert!(
            matches!(opened, Err(Error::Corrupt(_))),
            "{answer}: {opened:?}"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = "HTTP/1.1 301 Moved Permanently\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n";
    let url = doubles::answering(elsewhere, Then::End).await;
    let opened = Gateway::new(&url)
        .unwrap()
        .open(&digest(b"a file").cid, None)
        .await;
    assert!(
        matches!(&opened, Err(Error::Refused(words)) if words.contains("301")),
        "{opened:?}"
    );
}

#[tokio::test]
async fn a_connection_that_breaks_or_stalls_is_an_error_in_the_stream() {
    let begun = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\na f";
    let deadlines = Deadlines {
        progress: Duration::from_millis(300),
        ..Deadlines::default()
    };
    for then in [Then::End, Then::SayNothing] {
        let url = doubles::answering(begun, then).await;
        let gateway = Gateway::new(&url).unwrap().with_deadlines(deadlines);
        let body = gateway.open(&digest(b"a file").cid, None).await.unwrap();
        let chunks: Vec<_> = body.stream.collect().await;
        let error = chunks.last().unwrap().as_ref().unwrap_err();
        assert!(error.is_outage(), "{error:?}");
        assert_eq!(
            matches!(error, Error::Deadline { .. }),
            then == Then::SayNothing,
            "{error:?}"
        );
    }
}
