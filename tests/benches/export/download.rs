//! Downloads: ours against the node's own gateway, of the same file.

use bulk_export_tests::client::FILE_EXTENSION;
use serde_json::Value;

use crate::{
    cpu::Meter,
    curl, export,
    measured::{Amount, Measured, Runs},
    system::{System, Workers},
};

/// The runs of both.
#[derive(Debug, Clone)]
pub(crate) struct Downloads {
    /// Through our API.
    pub(crate) ours: Runs,
    /// From the gateway.
    pub(crate) gateway: Runs,
}

/// Downloads the largest file of an export, in turns.
pub(crate) async fn measure(system: &mut System, rounds: usize) -> Downloads {
    system.renew(Workers::DEFAULT).await;
    let manifest = export::completed(&system.stack.admin()).await;
    let size = |item: &&Value| item["extension"][FILE_EXTENSION]["size"].as_u64();
    let largest = export::files(&manifest)
        .max_by_key(size)
        .expect("there is a file");
    let amount = Amount {
        resources: largest["count"].as_u64().expect("an item has a count"),
        bytes: size(&largest).expect("an item has a size"),
    };
    let ours = largest["url"].as_str().expect("an item has a url");
    let cid = largest["extension"][FILE_EXTENSION]["ipfs"]
        .as_str()
        .expect("an item has a CID");
    let gateway = format!(
        "{}/ipfs/{}",
        system.stack.kubo.gateway_url,
        cid.trim_start_matches("ipfs://")
    );
    let token = bulk_export_tests::tokens::token("admin", "ADMIN");
    let mut downloads = Downloads {
        ours: Runs::new(),
        gateway: Runs::new(),
    };
    // Once more than is counted: the first reads warm the page cache.
    for round in 0..=rounds {
        let meter = Meter::start(system.targets());
        assert_eq!(
            curl::download(&[ours], &token, "none", 1).await,
            amount.bytes
        );
        let through_us = Measured {
            usage: meter.stop(),
            amount,
        };
        let meter = Meter::start(system.targets());
        assert_eq!(curl::fetch(&gateway).await, amount.bytes);
        let directly = Measured {
            usage: meter.stop(),
            amount,
        };
        if round > 0 {
            downloads.ours.push(through_us);
            downloads.gateway.push(directly);
        }
    }
    downloads
}
