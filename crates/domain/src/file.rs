//! What identifies the bytes of a file: its SHA-256, its CID and its size; how they are coded; and the name of its pin.
//! It computes none of them: the `ipfs` crate does while it streams.

mod coding;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use self::coding::{Coding, UnknownCoding};
use crate::ids::JobId;

/// A text that is not the digest or CID it is said to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDigest {
    /// Not 64 lower-case hexadecimal digits.
    #[error("not a SHA-256: 64 lower-case hexadecimal digits are expected")]
    Sha256,
    /// Not a version 1 CID in lower-case base32.
    #[error("not a CIDv1: lower-case base32 with the prefix b is expected")]
    Cid,
    /// Not `job:ordinal:generation`.
    #[error("not the name of a pin of ours: job:ordinal:generation is expected")]
    PinName,
}

/// A SHA-256 (FIPS 180-4) of the stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Takes the 32 bytes of a finished digest.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Gives the 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Sha256 {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(InvalidDigest::Sha256);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

fn nibble(digit: u8) -> Result<u8, InvalidDigest> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(InvalidDigest::Sha256),
    }
}

/// A CID version 1 in base32, as Kubo prints it with the profile unixfs-v1-2025.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cid(String);

impl Cid {
    /// Gives the text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Cid {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let base32 = |byte: u8| matches!(byte, b'a'..=b'z' | b'2'..=b'7');
        let valid = text.len() > 50 && text.starts_with('b') && text.bytes().all(base32);
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidDigest::Cid)
        }
    }
}

impl TryFrom<String> for Cid {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, InvalidDigest> {
        text.parse()
    }
}

impl From<Cid> for String {
    fn from(cid: Cid) -> Self {
        cid.0
    }
}

/// What the worker computed of a file while it streamed, and the node confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDigest {
    /// The CID of the stored bytes.
    pub cid: Cid,
    /// The SHA-256 of the stored bytes.
    pub sha256: Sha256,
    /// How many bytes are stored.
    pub bytes: u64,
    /// How many lines (line feeds) the file holds, decoded.
    pub lines: u64,
}

/// A stored file: what identifies its bytes, and how they are decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// What identifies the stored bytes.
    pub digest: FileDigest,
    /// How they are coded.
    pub coding: Coding,
    /// How many bytes come out when they are decoded.
    pub decoded_bytes: u64,
}

impl StoredFile {
    /// Describes a file that is not coded.
    #[must_use]
    pub const fn plain(digest: FileDigest) -> Self {
        Self {
            decoded_bytes: digest.bytes,
            coding: Coding::Identity,
            digest,
        }
    }
}

/// The label of a pin, `job:ordinal:generation`. Pins belong to CIDs, not to labels: the last writer's stands
/// (Kubo, `pin/add?name=`), so a label tells whose pin it may be and never who owns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinName {
    /// The job that wrote the file.
    pub job: JobId,
    /// The part's number within the job.
    pub ordinal: i32,
    /// The generation of the claim under which it was written.
    pub generation: i32,
}

impl fmt::Display for PinName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.job, self.ordinal, self.generation)
    }
}

impl FromStr for PinName {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let mut fields = text.split(':');
        let (Some(job), Some(ordinal), Some(generation), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(InvalidDigest::PinName);
        };
        Ok(Self {
            job: job.parse().map_err(|_| InvalidDigest::PinName)?,
            ordinal: ordinal.parse().map_err(|_| InvalidDigest::PinName)?,
            generation: generation.parse().map_err(|_| InvalidDigest::PinName)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sha256_is_64_lower_case_digits() {
        let text = "00ff".repeat(16);
        assert_eq!(text.parse::<Sha256>().unwrap().to_string(), text);
        for wrong in [
            "",
            "00",
            &"0".repeat(63),
            &"G".repeat(64),
            &"A".repeat(64),
            &"é".repeat(32),
        ] {
            assert_eq!(wrong.parse::<Sha256>(), Err(InvalidDigest::Sha256));
        }
    }

    #[test]
    fn a_cid_is_version_1_in_base32() {
        let text = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";
        assert_eq!(text.parse::<Cid>().unwrap().as_str(), text);
        for wrong in [
            "",
            "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG",
            "bafk",
            &text.to_uppercase(),
            &format!("{text}/.."),
        ] {
            assert_eq!(wrong.parse::<Cid>(), Err(InvalidDigest::Cid));
        }
    }

    #[test]
    fn a_pin_name_reads_back_and_nothing_else_does() {
        let name = PinName {
            job: JobId::random(),
            ordinal: 7,
            generation: 2,
        };
        assert_eq!(name.to_string().parse(), Ok(name));
        for wrong in [
            "",
            "backup",
            "a:1:1",
            &format!("{}:1", name.job),
            &format!("{name}:1"),
        ] {
            assert_eq!(wrong.parse::<PinName>(), Err(InvalidDigest::PinName));
        }
    }
}
