//! Uploads: the node has exactly what was sent, or the upload has failed.

use std::{io, time::Duration};

use bulk_export_ipfs::{Deadlines, Error, Node};
use bulk_export_tests::{poll, secs};
use bytes::Bytes;
use futures::{FutureExt, StreamExt, future, stream};
use sha2::Digest as _;
use tokio::sync::oneshot;

use super::{
    doubles::{self, Then},
    world::{EMPTY_NODE_BLOCKS, MIB, Own, chunks, digest, file, gateway, name, node, read},
};

#[tokio::test]
async fn the_node_has_what_was_sent_and_its_cid_is_ours_at_every_boundary() {
    let (node, gateway) = (node(), gateway());
    for size in [0, 1, 100, MIB - 1, MIB, MIB + 1, 5_000_000, 20 * MIB + 3] {
        let sent = file(size);
        let stored = node.add(chunks(&sent, 100_000)).await.unwrap();
        assert_eq!(stored, digest(&sent), "{size} bytes");
        let sha256: [u8; 32] = sha2::Sha256::digest(&sent).into();
        let lines = sent.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(stored.sha256.as_bytes(), &sha256);
        assert_eq!((stored.bytes, stored.lines), (size as u64, lines as u64));
        assert!(read(&gateway, &stored).await == sent, "{size} bytes");
    }
}

#[tokio::test]
async fn the_size_of_the_chunks_does_not_matter() {
    let (node, sent) = (node(), file(3 * MIB + 17));
    for size in [1000, MIB, 4 * MIB] {
        let chunks = chunks(&sent, size).chain(stream::iter([Ok(Bytes::new())]));
        assert_eq!(node.add(chunks).await.unwrap(), digest(&sent));
    }
}

/// 1,024 links are one node of the tree; one more makes a level of its own. The leaves are all the same, so the node
/// keeps one of them.
#[tokio::test]
async fn a_file_of_more_leaves_than_a_node_has_links_has_our_cid() {
    let own = Own::start();
    let leaf = file(MIB);
    for (leaves, more) in [(1024, 0), (1024, 1), (1025, 5)] {
        let tail = leaf.slice(..more);
        let whole = stream::repeat(leaf.clone()).take(leaves);
        let chunks = whole.chain(stream::iter([tail])).map(Ok);
        let stored = own.node.add(chunks).await.unwrap();
        assert_eq!(stored.bytes, (leaves * MIB + more) as u64);
        own.node.pin(&stored.cid, &name()).await.unwrap();
    }
}

#[tokio::test]
async fn a_source_that_fails_is_an_error_of_its_own_and_no_file() {
    let own = Own::start();
    let sent = file(3 * MIB);
    for before in [0, 1, 2 * MIB, 3 * MIB] {
        let begun = sent.slice(..before);
        let failure = io::Error::new(io::ErrorKind::ConnectionReset, "the database is gone");
        let chunks = chunks(&begun, 10_000).chain(stream::iter([Err(failure)]));
        match own.node.add(chunks).await {
            Err(Error::Source(cause)) => {
                assert_eq!(cause.kind(), io::ErrorKind::ConnectionReset);
                assert_eq!(cause.to_string(), "the database is gone");
            }
            other => panic!("after {before} bytes: {other:?}"),
        }
        assert!(!own.node.is_pinned(&digest(&begun).cid).await.unwrap());
    }
    nothing_is_left(&own).await;
}

#[tokio::test]
async fn an_upload_that_is_given_up_lets_its_source_go_and_is_no_file() {
    let own = Own::start();
    let (reached, at) = oneshot::channel();
    let (source, dropped) = oneshot::channel::<()>();
    let never = async move {
        let _source = source;
        let _ = reached.send(());
        future::pending().await
    };
    let chunks = chunks(&file(3 * MIB), 10_000).chain(never.into_stream());
    let node = own.node.clone();
    let upload = tokio::spawn(async move { node.add(chunks).await });
    at.await.unwrap();
    upload.abort();
    assert!(dropped.await.is_err(), "the source is dropped");
    nothing_is_left(&own).await;
}

/// What an upload left behind is not pinned; the node may hold blocks of it until the next collection.
async fn nothing_is_left(own: &Own) {
    assert_eq!(own.node.pins().await.unwrap(), []);
    poll("the node gives up the blocks", secs(10), async || {
        own.node.collect_garbage().await.unwrap();
        (own.kubo.blocks().len() == EMPTY_NODE_BLOCKS).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_frozen_upload_stops_nobody_and_what_a_collection_took_is_uploaded_again() {
    let own = Own::start();
    let sent = file(30 * MIB);
    let (reached, at) = oneshot::channel();
    let (go_on, gone_on) = oneshot::channel::<()>();
    let frozen = async move {
        let _ = reached.send(());
        let _ = gone_on.await;
        Ok(Bytes::from_static(b"the end\n"))
    };
    let begun = chunks(&sent, MIB).chain(frozen.into_stream());
    let node = own.node.clone();
    let upload = tokio::spawn(async move { node.add(begun).await });
    at.await.unwrap();

    let others = async {
        own.node.collect_garbage().await.unwrap();
        let other = own.node.add(chunks(&file(MIB), MIB)).await.unwrap();
        own.node.pin(&other.cid, &name()).await.unwrap();
    };
    let others = tokio::time::timeout(secs(10), others).await;
    others.expect("a frozen upload and a collection stop no other upload");

    // Whether a collection found blocks of it depends on how far it had come: so one more, before it is pinned.
    go_on.send(()).unwrap();
    let stored = upload
        .await
        .unwrap()
        .expect("an upload does not see what a collection takes");
    own.node.collect_garbage().await.unwrap();
    let pinned = own.node.pin(&stored.cid, &name()).await;
    assert!(matches!(pinned, Err(Error::BlocksLost)), "{pinned:?}");

    let again = chunks(&sent, MIB).chain(stream::iter([Ok(Bytes::from_static(b"the end\n"))]));
    assert_eq!(own.node.add(again).await.unwrap(), stored);
    own.node.pin(&stored.cid, &name()).await.unwrap();
    own.node.collect_garbage().await.unwrap();
    assert_eq!(read(&own.gateway, &stored).await.len() as u64, stored.bytes);
}

#[tokio::test]
async fn a_node_that_names_another_file_is_not_believed() {
    let sent = file(100);
    let other = digest(b"another file");
    let added = format!(r#"{{"Name":"file","Hash":"{}","Size":"100"}}"#, other.cid);
    let liar = doubles::answering(doubles::rpc("200 OK", &added), Then::End).await;
    let stored = Node::new(&liar).unwrap().add(chunks(&sent, 10)).await;
    assert!(matches!(stored, Err(Error::CidMismatch)), "{stored:?}");
    // The same double is believed when it tells the truth, and so is the real node.
    let added = format!(
        r#"{{"Name":"file","Hash":"{}","Size":"100"}}"#,
        digest(&sent).cid
    );
    let honest = doubles::answering(doubles::rpc("200 OK", &added), Then::End).await;
    assert_eq!(
        Node::new(&honest)
            .unwrap()
            .add(chunks(&sent, 10))
            .await
            .unwrap(),
        digest(&sent)
    );
    assert_eq!(node().add(chunks(&sent, 10)).await.unwrap(), digest(&sent));
}

#[tokio::test]
async fn a_refusal_is_an_outage_in_the_nodes_own_words() {
    let full = r#"{"Message":"write: no space left on device","Code":0,"Type":"error"}"#;
    let full = doubles::answering(doubles::rpc("500 Internal Server Error", full), Then::End).await;
    let error = Node::new(&full)
        .unwrap()
        .add(chunks(&file(100), 10))
        .await
        .unwrap_err();
    assert!(
        error.is_outage() && error.to_string().contains("no space left on device"),
        "{error}"
    );
    let closed =
        doubles::answering(doubles::rpc("403 Forbidden", "403 - Forbidden"), Then::End).await;
    let error = Node::new(&closed)
        .unwrap()
        .add(chunks(&file(100), 10))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Refused(words) if words.contains("403")),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_answer_before_the_end_is_no_success() {
    let (listener, sent) = (
        tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(),
        file(100),
    );
    let url = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let added = format!(
        r#"{{"Name":"file","Hash":"{}","Size":"100"}}"#,
        digest(&sent).cid
    );
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let (mut connection, _) = listener.accept().await.unwrap();
        connection
            .write_all(doubles::rpc("200 OK", &added).as_bytes())
            .await
            .unwrap();
        future::pending::<()>().await;
    });
    let unending = chunks(&sent, 100).chain(future::pending().into_stream());
    let stored = tokio::time::timeout(secs(10), Node::new(&url).unwrap().add(unending)).await;
    let error = stored.expect("it is seen at once").unwrap_err();
    assert!(
        !matches!(error, Error::Source(_) | Error::Deadline { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_slow_source_costs_the_node_no_time() {
    let progress = Duration::from_millis(300);
    let node = node().with_deadlines(Deadlines {
        progress,
        ..Deadlines::default()
    });
    let sent = file(100);
    // The source's own pace: each line takes longer than the node may.
    let slow = chunks(&sent, 50).then(|chunk| async {
        tokio::time::sleep(progress * 3).await;
        chunk
    });
    assert_eq!(node.add(slow).await.unwrap(), digest(&sent));
}
