//! Nodes and files for the tests of the IPFS crate.

use std::{io, path::Path};

use bulk_export_domain::{
    file::{FileDigest, PinName},
    ids::JobId,
};
use bulk_export_ipfs::{Digester, Gateway, Node};
use bulk_export_tests::{
    Kubo, TestDir,
    services::{Frozen, Private},
};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use rustix::process::{Pid, Signal, kill_process};

pub const MIB: usize = 1 << 20;

/// What a node holds before anybody stores anything: the empty directory, which it has pinned itself.
pub const EMPTY_NODE_BLOCKS: usize = 1;

/// The node that all tests share: nobody collects its garbage.
pub fn node() -> Node {
    Node::new(&url("TEST_IPFS_API_URL")).unwrap()
}

/// The gateway of that node.
pub fn gateway() -> Gateway {
    Gateway::new(&url("TEST_IPFS_GATEWAY_URL")).unwrap()
}

fn url(variable: &str) -> url::Url {
    let url = std::env::var(variable);
    let url = url.unwrap_or_else(|_| panic!("{variable} is not set: run `make test`"));
    url.parse().expect("a URL")
}

/// A node of the test's own, whose garbage may be collected and whose disk may be damaged.
pub struct Own {
    pub node: Node,
    pub gateway: Gateway,
    pub kubo: Kubo,
    pub service: Private,
    pub folder: TestDir,
}

impl Own {
    pub fn start() -> Self {
        let folder = TestDir::new();
        let service = Private::start("kubo", folder.path());
        let kubo = service.kubo();
        Self {
            node: Node::new(&kubo.api_url.parse().unwrap()).unwrap(),
            gateway: Gateway::new(&kubo.gateway_url.parse().unwrap()).unwrap(),
            kubo,
            service,
            folder,
        }
    }

    pub fn repository(&self) -> &Path {
        self.kubo.repository.as_deref().expect("it is private")
    }

    /// Freezes the node until the guard is dropped.
    pub fn freeze(&self) -> Frozen {
        self.service.freeze()
    }

    /// Kills the node.
    pub fn kill(&self) {
        let process = Pid::from_raw(self.service.id()).expect("the node has an id");
        kill_process(process, Signal::KILL).expect("the node can be killed");
    }
}

/// Makes a file of so many bytes, in lines, that nobody has made before.
pub fn file(size: usize) -> Bytes {
    let seed = uuid::Uuid::new_v4();
    let lines = (0..).flat_map(|number: u32| format!("{seed} {number}\n").into_bytes());
    lines.take(size).collect()
}

/// Cuts a file into chunks.
pub fn chunks(file: &Bytes, size: usize) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
    let file = file.clone();
    let starts = (0..file.len()).step_by(size);
    stream::iter(starts.map(move |start| Ok(file.slice(start..file.len().min(start + size)))))
}

/// Computes what a file must be on the node.
pub fn digest(file: &[u8]) -> FileDigest {
    let mut digester = Digester::new();
    digester.update(file);
    digester.finish()
}

/// Makes the name of a pin.
pub fn name() -> PinName {
    PinName {
        job: JobId::random(),
        ordinal: 1,
        generation: 1,
    }
}

/// Reads a file through a gateway, whole.
pub async fn read(gateway: &Gateway, digest: &FileDigest) -> Vec<u8> {
    let body = gateway.open(&digest.cid, None).await.unwrap();
    assert_eq!(body.len, digest.bytes);
    let chunks: Vec<_> = body.stream.map(Result::unwrap).collect().await;
    chunks.concat()
}
