//! Compares a file with what its manifest says. Where a manifest says nothing, nothing is compared.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use bulk_export_domain::file::{Coding, FileDigest};
use bulk_export_ipfs::{Decoded, Decoder, Digester};

use super::manifest::ManifestFile;
use crate::text;

/// What was found of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What identifies its stored bytes, where those were read.
    pub stored: Option<FileDigest>,
    /// Its NDJSON.
    pub content: Content,
}

/// What was found of a file's NDJSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// It was not looked at.
    Unread,
    /// The stored bytes cannot be decoded.
    Undecodable,
    /// Its size and lines.
    Read(Decoded),
}

/// Takes bytes as they come, and computes what can be compared.
pub(super) struct Check {
    digester: Digester,
    decoder: Option<Decoder<io::Sink>>,
}

impl Check {
    pub(super) fn new(coding: Coding) -> io::Result<Self> {
        Ok(Self {
            digester: Digester::new(),
            decoder: Some(Decoder::new(coding, io::sink())?),
        })
    }

    /// Takes the next bytes. After a failure to decode them they are only digested.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.digester.update(bytes);
        if let Some(decoder) = &mut self.decoder
            && decoder.write_all(bytes).is_err()
        {
            self.decoder = None;
        }
    }

    /// Ends the bytes: what identifies them, and what they are decoded, if they can be.
    pub(super) fn finish(self) -> (FileDigest, Content) {
        let decoded = self.decoder.and_then(|decoder| decoder.finish().ok());
        let content = decoded.map_or(Content::Undecodable, |(_, decoded)| Content::Read(decoded));
        (self.digester.finish(), content)
    }
}

/// Reads a file that holds the stored bytes.
pub fn stored(file: &ManifestFile, path: &Path) -> io::Result<Found> {
    let (digest, content) = read(file.coding(), path)?;
    Ok(Found {
        stored: Some(digest),
        content,
    })
}

/// Reads a file that holds the NDJSON decoded.
pub fn decoded(path: &Path) -> io::Result<Found> {
    let (_, content) = read(Coding::Identity, path)?;
    Ok(Found {
        stored: None,
        content,
    })
}

fn read(coding: Coding, path: &Path) -> io::Result<(FileDigest, Content)> {
    let mut file = File::open(path)?;
    let mut check = Check::new(coding)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(check.finish()),
            read => check.update(&buffer[..read]),
        }
    }
}

/// Lists how a file differs from what its manifest says: size, SHA-256 and CID of the stored bytes, size and count of
/// the NDJSON.
#[must_use]
pub fn differences(file: &ManifestFile, found: &Found) -> Vec<String> {
    let mut differences = Vec::new();
    let mut compare = |what: &str, expected: &str, found: &str| {
        if expected != found {
            differences.push(format!(
                "its {what} is {found}, not {}",
                text::clean(expected)
            ));
        }
    };
    if let (Some(facts), Some(stored)) = (&file.facts, &found.stored) {
        compare("size", &facts.size.to_string(), &stored.bytes.to_string());
        compare("SHA-256", &facts.sha256, &stored.sha256.to_string());
        compare("CID", facts.cid(), stored.cid.as_str());
    }
    match found.content {
        Content::Unread => {}
        Content::Undecodable => differences.push("it cannot be decoded".to_owned()),
        Content::Read(decoded) => {
            if let Some(facts) = &file.facts
                && (facts.coding != Coding::Identity || found.stored.is_none())
            {
                compare(
                    "decoded size",
                    &facts.decoded_size.to_string(),
                    &decoded.bytes.to_string(),
                );
            }
            if let Some(count) = file.count {
                compare(
                    "count of resources",
                    &count.to_string(),
                    &decoded.lines.to_string(),
                );
            }
        }
    }
    differences
}
