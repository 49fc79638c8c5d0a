//! A node that is away, frozen or silent: every call ends in time, and says that it is an outage.

use std::time::Duration;

use bulk_export_domain::file::Cid;
use bulk_export_ipfs::{Deadlines, Error, Gateway, Node};
use bulk_export_tests::secs;
use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use tokio::sync::oneshot;
use url::Url;

use super::{
    doubles,
    world::{MIB, Own, chunks, digest, file, name},
};

const SOON: Duration = Duration::from_millis(300);

const DEADLINES: Deadlines = Deadlines {
    call: SOON,
    pin: SOON,
    list: SOON,
    collect: SOON,
    progress: SOON,
};

/// Every call there is, by its name.
fn calls<'a>(node: &'a Node, gateway: &'a Gateway, cid: &'a Cid) -> Vec<(&'static str, Call<'a>)> {
    let sent = file(MIB);
    let small = chunks(&sent.slice(..100), 10);
    let unending = stream::repeat(sent).map(Ok);
    vec![
        ("a small add", call(node.add(small))),
        ("an unending add", call(node.add(unending))),
        ("pin", call(async { node.pin(cid, &name()).await })),
        ("unpin", call(node.unpin(cid))),
        ("is_pinned", call(node.is_pinned(cid))),
        ("pins", call(node.pins())),
        ("collect_garbage", call(node.collect_garbage())),
        ("ready", call(node.ready())),
        ("check", call(node.check())),
        ("open", call(gateway.open(cid, None))),
        ("the gateway's ready", call(gateway.ready())),
    ]
}

type Call<'a> = BoxFuture<'a, Result<(), Error>>;

fn call<'a, T>(call: impl Future<Output = Result<T, Error>> + Send + 'a) -> Call<'a> {
    call.map(|ended| ended.map(drop)).boxed()
}

fn clients(rpc: &Url, gateway: &Url) -> (Node, Gateway) {
    let node = Node::new(rpc).unwrap().with_deadlines(DEADLINES);
    (
        node,
        Gateway::new(gateway).unwrap().with_deadlines(DEADLINES),
    )
}

/// Makes every call, each of which must fail in time.
async fn failures(node: &Node, gateway: &Gateway) -> Vec<(&'static str, Error)> {
    let cid = digest(&file(100)).cid;
    let calls = calls(node, gateway, &cid);
    let calls = calls.into_iter().map(|(name, call)| async move {
        let ended = tokio::time::timeout(secs(10), call).await;
        let ended = ended.unwrap_or_else(|_| panic!("{name} does not end"));
        (name, ended.expect_err(name))
    });
    futures::future::join_all(calls).await
}

#[tokio::test]
async fn every_call_to_a_silent_server_ends_at_its_deadline() {
    let silent = doubles::silent().await;
    let (node, gateway) = clients(&silent, &silent);
    for (call, error) in failures(&node, &gateway).await {
        assert!(
            matches!(error, Error::Deadline { limit: SOON, .. }),
            "{call}: {error:?}"
        );
        assert!(error.is_outage());
    }
}

#[tokio::test]
async fn every_call_to_a_frozen_node_ends_at_its_deadline_and_goes_on_when_it_thaws() {
    let own = Own::start();
    let (node, gateway) = clients(
        &own.kubo.api_url.parse().unwrap(),
        &own.kubo.gateway_url.parse().unwrap(),
    );
    let frozen = own.freeze();
    for (call, error) in failures(&node, &gateway).await {
        assert!(matches!(error, Error::Deadline { .. }), "{call}: {error:?}");
    }
    drop(frozen);
    let sent = file(100);
    let stored = own.node.add(chunks(&sent, 10)).await.unwrap();
    own.node.pin(&stored.cid, &name()).await.unwrap();
}

#[tokio::test]
async fn a_node_that_freezes_in_the_middle_of_an_upload_is_given_up() {
    let own = Own::start();
    let node = own.node.clone().with_deadlines(DEADLINES);
    let (begun, at) = oneshot::channel();
    let upload = tokio::spawn(async move { node.add(unending(begun)).await });
    at.await.unwrap();
    let _frozen = own.freeze();
    let ended = tokio::time::timeout(secs(10), upload)
        .await
        .expect("it ends")
        .unwrap();
    assert!(matches!(ended, Err(Error::Deadline { .. })), "{ended:?}");
}

#[tokio::test]
async fn a_node_that_dies_in_the_middle_of_an_upload_is_unreachable() {
    let own = Own::start();
    let (begun, at) = oneshot::channel();
    let node = own.node.clone();
    let upload = tokio::spawn(async move { node.add(unending(begun)).await });
    at.await.unwrap();
    own.kill();
    let ended = tokio::time::timeout(secs(10), upload)
        .await
        .expect("it ends")
        .unwrap();
    assert!(matches!(ended, Err(Error::Unreachable(_))), "{ended:?}");
}

/// A file without end, which says when its 20th chunk has been taken.
fn unending(
    begun: oneshot::Sender<()>,
) -> impl futures::Stream<Item = std::io::Result<Bytes>> + Send {
    let mut begun = Some(begun);
    let chunk = file(MIB);
    stream::iter(0..).map(move |number| {
        if number == 20 {
            let _ = begun.take().map(|begun| begun.send(()));
        }
        Ok(chunk.clone())
    })
}

#[tokio::test]
async fn every_call_to_a_port_that_is_closed_is_an_outage_at_once() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://user:geheim@{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    drop(listener);
    let (node, gateway) = clients(&url, &url);
    for (call, error) in failures(&node, &gateway).await {
        assert!(matches!(error, Error::Unreachable(_)), "{call}: {error:?}");
        let said = format!("{error} {error:?} {node:?}");
        assert!(
            !said.contains("geheim") && !said.contains("bafk"),
            "{call}: {said}"
        );
    }
}
