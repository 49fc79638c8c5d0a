//! Compressed files: stored, proved, described and given out so that whoever decodes them has what an uncompressed
//! export would have held.

mod command_line;
mod damage;
mod download;
mod export;

use std::{fs::File, io::Write, process::Command};

use bulk_export_domain::file::Coding;
use bulk_export_ipfs::Decoder;
use bulk_export_tests::{
    Client, Reply, Stack, TestDir,
    client::FILE_EXTENSION,
    data,
    http::{Raw, raw},
    stack::Builder,
    tokens,
};
use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

/// The codings that compress.
const CODED: [Coding; 2] = [Coding::Gzip, Coding::Zstd];

/// An export of one patient's records in one file of about 6 MB, which takes some blocks of the node compressed too.
struct Coded {
    stack: Stack,
    client: Client,
    item: Value,
    /// The file of an uncompressed export of the same records.
    plain: Vec<u8>,
    /// The stored bytes.
    stored: Vec<u8>,
    patient: Uuid,
}

impl Coded {
    async fn of(coding: Coding, builder: Builder) -> Self {
        let mut stack = builder.start().await;
        let patient = data::patient_with_records(&stack.database, 600, 0).await;
        // Digits that do not repeat: a compressed file of them is about half as large.
        stack
            .database
            .run(
                "UPDATE medical_records SET description =
                 (SELECT string_agg(md5(id::text || n || random()), '') FROM generate_series(1, 310) n)",
            )
            .await;
        let client = stack.patient(patient);
        stack.start_worker(&[]).await;
        let manifest = client.export("_type=DocumentReference").await;
        let plain = stored_bytes(&client, &manifest["output"][0]).await;
        compress(&mut stack, coding).await;
        let manifest = client.export("_type=DocumentReference").await;
        let item = manifest["output"][0].clone();
        let stored = stored_bytes(&client, &item).await;
        assert!(plain.len() > 6_000_000 && stored.len() > 2 << 20);
        Self {
            stack,
            client,
            item,
            plain,
            stored,
            patient,
        }
    }

    fn url(&self) -> &str {
        self.item["url"].as_str().expect("an item has a url")
    }

    fn facts(&self) -> &Value {
        &self.item["extension"][FILE_EXTENSION]
    }

    /// Downloads with these headers.
    async fn get(&self, headers: &[(&str, &str)]) -> Reply {
        self.send(Method::GET, headers).await
    }

    async fn send(&self, method: Method, headers: &[(&str, &str)]) -> Reply {
        let mut request = self.client.request(method, self.url());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Client::send(request).await
    }

    /// Downloads over a bare connection, as far as the server sends.
    async fn raw(&self, accept_encoding: &str) -> Raw {
        let path = self.url().strip_prefix(self.stack.root()).expect("our URL");
        let token = format!(
            "Bearer {}",
            tokens::token(&self.patient.to_string(), "PATIENT")
        );
        let headers = [
            ("Authorization", token.as_str()),
            ("Accept-Encoding", accept_encoding),
        ];
        raw(self.stack.address(), &format!("GET {path}"), &headers).await
    }
}

/// Replaces all workers by one that compresses.
async fn compress(stack: &mut Stack, coding: Coding) {
    stack.workers.clear();
    stack
        .start_worker(&[("EXPORT_COMPRESSION", coding.as_str())])
        .await;
}

/// Downloads the stored bytes of a file.
async fn stored_bytes(client: &Client, item: &Value) -> Vec<u8> {
    let url = item["url"].as_str().expect("an item has a url");
    let request = client.request(Method::GET, url);
    let reply = Client::send(request.header("Accept-Encoding", "gzip, zstd")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.body
}

/// Decodes with the tool that everybody has; where it is not installed, with our own decoder.
fn decoded(coding: Coding, stored: &[u8]) -> Vec<u8> {
    let folder = TestDir::new();
    let path = folder.path().join("stored");
    std::fs::write(&path, stored).expect("the disk has room");
    let file = File::open(&path).expect("the file is there");
    let tool = Command::new(coding.as_str())
        .arg("-dc")
        .stdin(file)
        .output();
    match tool {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{coding} -dc: {said}");
            output.stdout
        }
        Err(_) => {
            eprintln!("{coding} is not installed: our own decoder is taken");
            let mut decoder = Decoder::new(coding, Vec::new()).expect("memory");
            decoder.write_all(stored).expect("the file can be decoded");
            decoder.finish().expect("the file is whole").0
        }
    }
}
