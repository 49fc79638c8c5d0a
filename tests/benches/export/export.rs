//! Ours: an export of everyone from kick-off to `completed`, and to the last byte downloaded.

use std::time::Duration;

use bulk_export_tests::{
    client::{Client, FILE_EXTENSION},
    tokens,
};
use serde_json::Value;

use crate::{
    cpu::Meter,
    curl,
    data::Dataset,
    measured::{Amount, Measured, Runs},
    system::{System, Workers},
};

/// Files that a client downloads at once.
const DOWNLOADS: usize = 4;

/// The exports of one setting.
#[derive(Debug, Clone)]
pub(crate) struct Exports {
    /// The setting.
    pub(crate) workers: Workers,
    /// The runs.
    pub(crate) runs: Runs,
    /// The most memory that any worker held, in bytes.
    pub(crate) memory: u64,
    /// The files of the last run.
    pub(crate) files: usize,
    /// Their bytes as they are stored.
    pub(crate) stored_bytes: u64,
}

impl Exports {
    /// Begins with no run.
    pub(crate) const fn new(workers: Workers) -> Self {
        Self {
            workers,
            runs: Runs::new(),
            memory: 0,
            files: 0,
            stored_bytes: 0,
        }
    }

    /// Runs one export on fresh programs and a fresh node.
    pub(crate) async fn run(&mut self, system: &mut System, dataset: &Dataset) {
        system.renew(self.workers).await;
        let client = system.stack.admin();
        let meter = Meter::start(system.targets());
        let manifest = completed(&client).await;
        self.note(system, dataset, &manifest, meter);
    }

    /// Runs one export and downloads its files, as a client that takes them as they are stored.
    pub(crate) async fn run_to_the_end(&mut self, system: &mut System, dataset: &Dataset) {
        system.renew(self.workers).await;
        let client = system.stack.admin();
        let token = tokens::token("admin", "ADMIN");
        let meter = Meter::start(system.targets());
        let manifest = completed(&client).await;
        let urls = files(&manifest).map(|item| item["url"].as_str().expect("an item has a url"));
        let urls: Vec<&str> = urls.collect();
        let bytes = curl::download(&urls, &token, self.workers.compression, DOWNLOADS).await;
        let stored = stored_bytes(&manifest);
        assert_eq!(bytes, stored, "the client has every byte of every file");
        self.note(system, dataset, &manifest, meter);
    }

    fn note(&mut self, system: &System, dataset: &Dataset, manifest: &Value, meter: Meter) {
        let usage = meter.stop();
        let resources: u64 = files(manifest)
            .filter_map(|item| item["count"].as_u64())
            .sum();
        assert_eq!(resources, dataset.amount.resources, "the export is whole");
        let amount = Amount {
            resources,
            bytes: dataset.amount.bytes,
        };
        self.runs.push(Measured { amount, usage });
        let memory = system
            .stack
            .workers
            .iter()
            .map(|worker| worker.peak_memory())
            .max();
        self.memory = self.memory.max(memory.unwrap_or(0));
        self.files = files(manifest).count();
        self.stored_bytes = stored_bytes(manifest);
    }
}

/// Kicks an export of everyone off and polls every 20 ms until it is completed.
pub(crate) async fn completed(client: &Client) -> Value {
    let url = client.start("").await;
    client.completed_within(&url, Duration::from_mins(30)).await
}

/// Gives the output files of a manifest.
pub(crate) fn files(manifest: &Value) -> impl Iterator<Item = &Value> {
    manifest["output"]
        .as_array()
        .expect("output is an array")
        .iter()
}

fn stored_bytes(manifest: &Value) -> u64 {
    files(manifest)
        .filter_map(|item| item["extension"][FILE_EXTENSION]["size"].as_u64())
        .sum()
}
