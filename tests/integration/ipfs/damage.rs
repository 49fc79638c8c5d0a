//! A node's disk that has been damaged behind its back: its files are never read to their end.

use std::fs;

use bulk_export_domain::file::FileDigest;
use bulk_export_ipfs::{Error, verified};
use futures::StreamExt;

use super::world::{MIB, Own, chunks, file, name};

/// Reads the file with the check, and gives how many bytes passed before the error that must come.
async fn passed_before_the_error(own: &Own, stored: &FileDigest) -> (usize, Error) {
    let body = own.gateway.open(&stored.cid, None).await.unwrap();
    let checked: Vec<_> = verified(body.stream, stored.bytes, stored.sha256)
        .collect()
        .await;
    let passed = checked.iter().flatten().map(|chunk| chunk.len()).sum();
    let error = checked.into_iter().find_map(Result::err);
    (passed, error.expect("a damaged file does not end well"))
}

#[tokio::test]
async fn a_block_that_was_changed_on_disk_breaks_the_download() {
    let own = Own::start();
    let sent = file(3 * MIB);
    let stored = own.node.add(chunks(&sent, MIB)).await.unwrap();
    own.node.pin(&stored.cid, &name()).await.unwrap();
    let block = own.kubo.block(&sent[MIB..2 * MIB]);
    let mut bytes = fs::read(&block).unwrap();
    bytes[MIB / 2] ^= 1;
    fs::write(&block, bytes).unwrap();

    let (passed, error) = passed_before_the_error(&own, &stored).await;
    assert!(matches!(error, Error::Corrupt(_)), "{error:?}");
    assert!(passed < sent.len(), "not even with its last chunk");
}

#[tokio::test]
async fn a_block_that_was_deleted_on_disk_breaks_the_download() {
    let own = Own::start();
    let sent = file(3 * MIB);
    let stored = own.node.add(chunks(&sent, MIB)).await.unwrap();
    own.node.pin(&stored.cid, &name()).await.unwrap();
    fs::remove_file(own.kubo.block(&sent[MIB..2 * MIB])).unwrap();

    let (passed, error) = passed_before_the_error(&own, &stored).await;
    assert!(matches!(error, Error::Unreachable(_)), "{error:?}");
    assert!(
        passed <= MIB,
        "{passed} bytes passed, of which only the first block is there"
    );
}

#[tokio::test]
async fn a_root_that_was_deleted_on_disk_is_not_found() {
    let own = Own::start();
    let sent = file(100);
    let stored = own.node.add(chunks(&sent, 10)).await.unwrap();
    fs::remove_file(own.kubo.block(&sent)).unwrap();
    let opened = own.gateway.open(&stored.cid, None).await;
    assert!(matches!(opened, Err(Error::NotFound)), "{opened:?}");
}
