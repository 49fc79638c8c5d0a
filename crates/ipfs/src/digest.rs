//! What identifies a file: SHA-256, CID, size and number of lines, in one pass and constant memory.
//! It asks no node: that the node computes the same CID is the proof that it stored the same bytes.

use std::fmt;

use bulk_export_domain::file::{Cid, FileDigest, Sha256};
use rust_unixfs::file::adder::{BalancedCollector, Chunker, FileAdder};
use sha2::Digest as _;

/// The size of a leaf block in the profile unixfs-v1-2025.
const LEAF_BYTES: usize = 1 << 20;

/// The most links of one node in the profile unixfs-v1-2025.
const LINKS: usize = 1024;

/// Computes a [`FileDigest`] from the bytes of a file, in order, in pieces of any size.
/// The CID is that of the profile unixfs-v1-2025: version 1, raw leaves of 1 MiB, 1,024 links a node, balanced.
pub struct Digester {
    tree: FileAdder,
    root: Option<String>,
    sha256: sha2::Sha256,
    bytes: u64,
    lines: u64,
}

impl Digester {
    /// Starts with the empty file.
    #[must_use]
    pub fn new() -> Self {
        let collector = BalancedCollector::with_branching_factor(LINKS);
        Self {
            tree: FileAdder::builder()
                .with_chunker(Chunker::Size(LEAF_BYTES))
                .with_collector(collector)
                .build(),
            root: None,
            sha256: sha2::Sha256::new(),
            bytes: 0,
            lines: 0,
        }
    }

    /// Takes the next bytes of the file.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.bytes += bytes.len() as u64;
        self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (blocks, taken) = self.tree.push(rest);
            // The last block is the root if nothing follows, as in a file of exactly one leaf.
            if let Some((cid, _)) = blocks.last() {
                self.root = Some(cid.to_string());
            }
            rest = &rest[taken..];
        }
    }

    /// Ends the file.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "it cannot: the text says why")]
    pub fn finish(self) -> FileDigest {
        let root = self
            .tree
            .finish()
            .last()
            .map(|(cid, _)| cid.to_string())
            .or(self.root);
        let cid: Option<Cid> = root.and_then(|text| text.parse().ok());
        FileDigest {
            cid: cid.expect("every tree has a root, and a CID of version 1 is printed in base32"),
            sha256: Sha256::from_bytes(self.sha256.finalize().into()),
            bytes: self.bytes,
            lines: self.lines,
        }
    }
}

impl Default for Digester {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digester")
            .field("bytes", &self.bytes)
            .field("lines", &self.lines)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// What `ipfs add` of Kubo 0.43.0 (profile unixfs-v1-2025), `sha256sum` and `wc -l` say of the first bytes of the
    /// decimal numbers from 0, one a line.
    const KNOWN: [(usize, u64, &str, &str); 5] = [
        (
            0,
            0,
            "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (
            100,
            36,
            "bafkreiess5wsbrw6rrhw5dqixrjcqs7xmnbm3wvrukwn3qsk5xmszl2mle",
            "92976d20c6de8c4f6e8e08bc52284bf76342cddab1a2acddc24aedd92caf4c59",
        ),
        (
            1_048_576,
            165_669,
            "bafkreif4uza65xrg442epzmmlpgshljvezudpq6erapvywshhhv6kqnzmu",
            "bca641eede26e73447e58c5bcd23ad35266837c3c4881f5c5a4739ebe541b965",
        ),
        (
            1_048_577,
            165_669,
            "bafybeihrcfstwocjuvjfavwnnu3vjzkzwmppwqwoikvn4dqdp6424yg2bm",
            "c1a23ef23186bbdfc8f18b7d1a24ec3082a10fdadb0ee8531b6272ae14173875",
        ),
        (
            5_000_000,
            730_158,
            "bafybeicmor6ifyd3bv5jkjkg6jqazyadplg4neisf7jgzjuu3afcsdnqey",
            "f32a137285183d58eba5699a83088c29acdc985dd9b60e3279cdec71fcc7aa95",
        ),
    ];

    fn numbers(size: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(size + 16);
        for number in 0_u64.. {
            if bytes.len() >= size {
                break;
            }
            writeln!(bytes, "{number}").unwrap();
        }
        bytes.truncate(size);
        bytes
    }

    fn digest(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> FileDigest {
        let mut digester = Digester::new();
        pieces
            .into_iter()
            .for_each(|piece| digester.update(piece.as_ref()));
        digester.finish()
    }

    #[test]
    fn the_digest_is_what_the_node_says_of_the_same_bytes() {
        for (size, lines, cid, sha256) in KNOWN {
            let found = digest([numbers(size)]);
            assert_eq!((found.bytes, found.lines), (size as u64, lines));
            assert_eq!(
                (found.cid.as_str(), found.sha256.to_string().as_str()),
                (cid, sha256),
                "{size} bytes"
            );
        }
    }

    #[test]
    fn the_size_of_the_pieces_does_not_matter() {
        let bytes = numbers(3 * LEAF_BYTES + 17);
        let whole = digest([&bytes]);
        for size in [
            1,
            1000,
            4096,
            LEAF_BYTES - 1,
            LEAF_BYTES,
            LEAF_BYTES + 1,
            2 * LEAF_BYTES,
        ] {
            assert_eq!(digest(bytes.chunks(size)), whole, "pieces of {size} bytes");
        }
    }

    #[test]
    fn another_byte_makes_another_cid() {
        let mut bytes = numbers(2 * LEAF_BYTES);
        let whole = digest([&bytes]);
        bytes[LEAF_BYTES] ^= 1;
        let changed = digest([&bytes]);
        assert_ne!((changed.cid, changed.sha256), (whole.cid, whole.sha256));
    }
}
