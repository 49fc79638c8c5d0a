//! An IPFS node, seen through its RPC and its disk: what is pinned, what is stored, and how to damage it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// A node.
#[derive(Debug, Clone)]
pub struct Kubo {
    /// Its RPC.
    pub api_url: String,
    /// Its gateway.
    pub gateway_url: String,
    /// Its folder, when it is a private one that may be damaged.
    pub repository: Option<PathBuf>,
}

impl Kubo {
    /// Calls the RPC and gives the body, which must be a success.
    ///
    /// # Panics
    /// When the node refuses.
    pub async fn rpc(&self, call: &str) -> String {
        let url = format!("{}/api/v0/{call}", self.api_url);
        let reply = reqwest::Client::new()
            .post(url)
            .send()
            .await
            .expect("the node answers");
        let status = reply.status();
        let body = reply.text().await.expect("the node's answer can be read");
        assert!(status.is_success(), "{call}: {status} {body}");
        body
    }

    /// Gives the named pins, CID to name: a node pins its own empty folder, without a name.
    pub async fn pins(&self) -> BTreeMap<String, String> {
        let body = self
            .rpc("pin/ls?type=recursive&names=true&stream=true")
            .await;
        let text = |line: &Value, field: &str| line[field].as_str().unwrap_or_default().to_owned();
        let lines = body
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("one JSON object a line"));
        lines
            .map(|line| (text(&line, "Cid"), text(&line, "Name")))
            .filter(|(_, name)| !name.is_empty())
            .collect()
    }

    /// Stores and pins bytes under a name, as nobody's file; gives the CID.
    pub async fn add_pinned(&self, bytes: &str, name: &str) -> String {
        let cid = self.add("pin=false", bytes.as_bytes()).await;
        self.rpc(&format!("pin/add?arg={cid}&name={name}")).await;
        cid
    }

    /// Asks the node what CID it would give to these bytes; stores nothing.
    pub async fn cid_of(&self, bytes: &[u8]) -> String {
        self.add("only-hash=true", bytes).await
    }

    async fn add(&self, options: &str, bytes: &[u8]) -> String {
        let url = format!("{}/api/v0/add?{options}", self.api_url);
        let head =
            "--x--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
        let form = [head.as_bytes(), bytes, b"\r\n--x--x--\r\n"].concat();
        let request = reqwest::Client::new()
            .post(url)
            .header("Content-Type", "multipart/form-data; boundary=x--x");
        let reply = request.body(form).send().await.expect("the node answers");
        let added: Value = reply
            .json()
            .await
            .expect("the node answers one JSON object");
        added["Hash"].as_str().expect("the CID").to_owned()
    }

    /// Reads a file through the gateway; `None` if the node does not have it.
    pub async fn file(&self, cid: &str) -> Option<Vec<u8>> {
        let reply = reqwest::get(format!("{}/ipfs/{cid}", self.gateway_url))
            .await
            .expect("the gateway answers");
        if !reply.status().is_success() {
            return None;
        }
        Some(
            reply
                .bytes()
                .await
                .expect("the gateway sends the whole file")
                .to_vec(),
        )
    }

    /// Gives the files of the blocks on the node's disk.
    pub fn blocks(&self) -> Vec<PathBuf> {
        let mut found = vec![];
        walk(&self.folder().join("blocks"), &mut found);
        // What a broken upload left half written lies aside until the node's next start; it is no block.
        found.retain(|path| !path.components().any(|part| part.as_os_str() == ".temp"));
        found
    }

    /// Gives the file of the block with exactly these bytes.
    ///
    /// # Panics
    /// When the node has no such block.
    pub fn block(&self, bytes: &[u8]) -> PathBuf {
        let holds = |path: &PathBuf| fs::read(path).is_ok_and(|block| block == bytes);
        self.blocks()
            .into_iter()
            .find(holds)
            .expect("the node has the block")
    }

    fn folder(&self) -> &Path {
        self.repository
            .as_deref()
            .expect("only a private node may be looked into: use Builder::own_kubo")
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "data")
        {
            found.push(path);
        }
    }
}
