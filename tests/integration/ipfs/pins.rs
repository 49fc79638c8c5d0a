//! Pins: they keep a file, belong to a CID and not to a name, and are listed with the last name.

use bulk_export_ipfs::{Error, Pin};

use super::world::{EMPTY_NODE_BLOCKS, MIB, Own, chunks, digest, file, name, node};

#[tokio::test]
async fn what_is_pinned_stays_and_what_is_not_goes() {
    let own = Own::start();
    let kept = own.node.add(chunks(&file(3 * MIB), MIB)).await.unwrap();
    let let_go = own.node.add(chunks(&file(3 * MIB), MIB)).await.unwrap();
    own.node.pin(&kept.cid, &name()).await.unwrap();
    assert_eq!(
        own.node.collect_garbage().await.unwrap(),
        6,
        "three leaves and their root, and a directory that the node made for each upload"
    );
    assert_eq!(own.node.collect_garbage().await.unwrap(), 0);
    assert!(own.gateway.open(&kept.cid, None).await.is_ok());
    let gone = own.gateway.open(&let_go.cid, None).await;
    assert!(matches!(gone, Err(Error::NotFound)), "{gone:?}");

    assert!(own.node.unpin(&kept.cid).await.unwrap());
    assert_eq!(own.node.collect_garbage().await.unwrap(), 4);
    assert_eq!(own.kubo.blocks().len(), EMPTY_NODE_BLOCKS);
}

#[tokio::test]
async fn a_collection_between_upload_and_pin_is_seen_by_the_pin() {
    let own = Own::start();
    let sent = file(2 * MIB + 5);
    let stored = own.node.add(chunks(&sent, MIB)).await.unwrap();
    assert_eq!(own.node.collect_garbage().await.unwrap(), 5);
    let pinned = own.node.pin(&stored.cid, &name()).await;
    assert!(matches!(pinned, Err(Error::BlocksLost)), "{pinned:?}");
    assert!(!own.node.is_pinned(&stored.cid).await.unwrap());
    own.node.add(chunks(&sent, MIB)).await.unwrap();
    own.node.pin(&stored.cid, &name()).await.unwrap();
    assert!(own.node.is_pinned(&stored.cid).await.unwrap());
}

#[tokio::test]
async fn equal_bytes_under_two_names_are_one_pin() {
    let own = Own::start();
    let (sent, first, second) = (file(100), name(), name());
    for name in [first, second] {
        let stored = own.node.add(chunks(&sent, 10)).await.unwrap();
        own.node.pin(&stored.cid, &name).await.unwrap();
    }
    let cid = digest(&sent).cid;
    let pin = Pin {
        cid: cid.clone(),
        name: second.to_string(),
    };
    assert_eq!(
        own.node.pins().await.unwrap(),
        [pin],
        "one pin, with the last name"
    );
    assert!(own.node.unpin(&cid).await.unwrap());
    assert_eq!(
        own.node.pins().await.unwrap(),
        [],
        "and one unpin takes it from both"
    );
}

#[tokio::test]
async fn a_second_unpin_finds_nothing() {
    let node = node();
    let stored = node.add(chunks(&file(100), 10)).await.unwrap();
    assert!(!node.unpin(&stored.cid).await.unwrap(), "never pinned");
    node.pin(&stored.cid, &name()).await.unwrap();
    assert!(node.is_pinned(&stored.cid).await.unwrap());
    assert!(node.unpin(&stored.cid).await.unwrap());
    assert!(!node.unpin(&stored.cid).await.unwrap());
    assert!(!node.is_pinned(&stored.cid).await.unwrap());
    let unknown = digest(&file(100)).cid;
    assert!(!node.unpin(&unknown).await.unwrap());
    assert!(!node.is_pinned(&unknown).await.unwrap());
}

#[tokio::test]
async fn a_block_of_a_pinned_file_is_not_a_pin_itself() {
    let own = Own::start();
    let sent = file(MIB + 1);
    let stored = own.node.add(chunks(&sent, MIB)).await.unwrap();
    own.node.pin(&stored.cid, &name()).await.unwrap();
    let leaf = digest(&sent[..MIB]).cid;
    assert!(!own.node.is_pinned(&leaf).await.unwrap());
    let unpinned = own.node.unpin(&leaf).await.unwrap();
    assert!(!unpinned);
}

#[tokio::test]
async fn pins_of_others_are_listed_with_their_names_and_those_of_other_profiles_are_not() {
    let own = Own::start();
    let ours = own.node.add(chunks(&file(100), 10)).await.unwrap();
    let label = name();
    own.node.pin(&ours.cid, &label).await.unwrap();
    let backup = own.kubo.add_pinned("somebody's backup\n", "backup").await;
    let nameless = own.node.add(chunks(&file(100), 10)).await.unwrap();
    own.kubo.rpc(&format!("pin/add?arg={}", nameless.cid)).await;
    // An empty directory: a CID of version 0, which we never make.
    own.kubo
        .rpc("pin/add?arg=QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn")
        .await;

    let mut expected = vec![
        Pin {
            cid: ours.cid,
            name: label.to_string(),
        },
        Pin {
            cid: backup.parse().unwrap(),
            name: "backup".to_owned(),
        },
        Pin {
            cid: nameless.cid,
            name: String::new(),
        },
    ];
    expected.sort();
    let mut listed = own.node.pins().await.unwrap();
    listed.sort();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn a_thousand_pins_are_listed_whole() {
    let own = Own::start();
    let job = name();
    let mut expected = Vec::new();
    for ordinal in 0..1000 {
        let stored = own.node.add(chunks(&file(60), 60)).await.unwrap();
        let name = bulk_export_domain::file::PinName { ordinal, ..job };
        own.node.pin(&stored.cid, &name).await.unwrap();
        expected.push(Pin {
            cid: stored.cid,
            name: name.to_string(),
        });
    }
    expected.sort();
    let mut listed = own.node.pins().await.unwrap();
    listed.sort();
    assert_eq!(listed, expected);
}
