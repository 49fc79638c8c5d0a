//! A node whose copy of a compressed file is damaged: in neither form a short or changed file that looks whole.

use std::path::PathBuf;

use bulk_export_tests::Stack;

use super::{CODED, Coded};

const BLOCK: usize = 1 << 20;

/// The file of the block that holds a byte of the stored file.
fn block(file: &Coded, at: usize) -> PathBuf {
    let first = at / BLOCK * BLOCK;
    let end = file.stored.len().min(first + BLOCK);
    file.stack.kubo.block(&file.stored[first..end])
}

fn change(file: &Coded, at: usize) {
    let path = block(file, at);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[at % BLOCK] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}

async fn breaks(file: &Coded, what: &str) {
    let forms = [
        (file.facts()["coding"].as_str().unwrap(), file.stored.len()),
        ("identity", file.plain.len()),
    ];
    for (form, whole) in forms {
        let reply = file.raw(form).await;
        assert!(
            reply.status != 200 || !reply.is_whole(),
            "{what}, sent as {form}: {} with {} bytes",
            reply.status,
            reply.body.len()
        );
        assert!(
            reply.body.len() < whole,
            "{what}, sent as {form}: all bytes were delivered"
        );
    }
}

#[tokio::test]
async fn a_changed_byte_breaks_both_forms() {
    for coding in CODED {
        // In the middle, and in the last bytes of all: the codec's own sum, which comes after all of the data.
        for from_end in [1_700_000, 2] {
            let file = Coded::of(coding, Stack::builder().own_kubo()).await;
            let at = file.stored.len() - from_end;
            change(&file, at);
            breaks(&file, &format!("{coding}, {from_end} bytes from the end")).await;
        }
    }
}

#[tokio::test]
async fn a_deleted_block_breaks_both_forms() {
    for coding in CODED {
        let file = Coded::of(coding, Stack::builder().own_kubo()).await;
        std::fs::remove_file(block(&file, file.stored.len() - 1)).unwrap();
        breaks(&file, &format!("{coding}, without its last block")).await;
    }
}
