//! How the bytes of a file are coded: the words for it, and whether a client takes them so (RFC 9110, sections 8.4 and
//! 12.5.3). It codes nothing: the `ipfs` crate does.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How the stored bytes of a file are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Coding {
    /// Not at all: they are the NDJSON.
    #[default]
    Identity,
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
}

/// A word that names no coding of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a coding: identity, gzip or zstd is expected")]
pub struct UnknownCoding;

impl Coding {
    /// Every coding.
    pub const ALL: [Self; 3] = [Self::Identity, Self::Gzip, Self::Zstd];

    /// Gives the word that stands in the file's row and in the manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Gives the word for `Content-Encoding` and `Accept-Encoding`; none for identity, which is never said.
    #[must_use]
    pub const fn content_encoding(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip | Self::Zstd => Some(self.as_str()),
        }
    }

    /// Gives what is added to the name of a file that is kept as it is stored.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }

    /// Says whether a client that sends this `Accept-Encoding` is given the stored bytes; any other is given them
    /// decoded, so that a client that cannot decode, or says nothing, always gets NDJSON. A client that names identity
    /// with a higher weight gets what it likes better.
    #[must_use]
    pub fn is_welcome(self, accept_encoding: Option<&str>) -> bool {
        if self == Self::Identity {
            return true;
        }
        let accepted: Vec<_> = accept_encoding
            .unwrap_or_default()
            .split(',')
            .filter_map(accepted)
            .collect();
        let weight = |names: fn(&str, Self) -> bool| {
            accepted
                .iter()
                .find(|(name, _)| names(name, self))
                .map(|(_, weight)| *weight)
        };
        let any = weight(|name, _| name == "*");
        let ours = weight(|name, coding| coding.is_named(name)).or(any);
        let identity = weight(|name, _| Self::Identity.is_named(name));
        ours.is_some_and(|ours| ours > 0 && ours >= identity.unwrap_or(0))
    }

    fn is_named(self, name: &str) -> bool {
        // The old name of gzip is still to be understood (RFC 9110, section 8.4.1.3).
        name.eq_ignore_ascii_case(self.as_str())
            || self == Self::Gzip && name.eq_ignore_ascii_case("x-gzip")
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Coding {
    type Err = UnknownCoding;

    fn from_str(word: &str) -> Result<Self, UnknownCoding> {
        Self::ALL
            .into_iter()
            .find(|coding| coding.as_str() == word)
            .ok_or(UnknownCoding)
    }
}

/// Reads one element of `Accept-Encoding`: a name and its weight in thousandths. A weight that is none counts as 0:
/// who cannot say that a coding is wanted is not sent it.
fn accepted(element: &str) -> Option<(&str, u16)> {
    let mut fields = element.split(';').map(str::trim);
    let name = fields.next().filter(|name| !name.is_empty())?;
    let weight = fields.find_map(|field| {
        let (key, value) = field.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case("q")
            .then(|| thousandths(value.trim()))
    });
    Some((name, weight.unwrap_or(1000)))
}

/// Reads a weight: `0`, `1`, or with up to three decimals.
fn thousandths(value: &str) -> u16 {
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let digits = decimals.bytes().all(|byte| byte.is_ascii_digit());
    let decimals: Option<u16> = (digits && decimals.len() <= 3)
        .then(|| format!("{decimals:0<3}").parse().ok())
        .flatten();
    match (whole, decimals) {
        ("0", Some(decimals)) => decimals,
        ("1", Some(0)) => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_and_no_other_does() {
        for coding in Coding::ALL {
            assert_eq!(coding.as_str().parse(), Ok(coding));
            assert_eq!(serde_json::to_value(coding).unwrap(), coding.as_str());
        }
        for wrong in ["", "none", "br", "GZIP", "x-gzip"] {
            assert_eq!(wrong.parse::<Coding>(), Err(UnknownCoding), "{wrong}");
        }
        assert_eq!(Coding::default().content_encoding(), None);
    }

    #[test]
    fn plain_files_suit_every_client() {
        for header in [None, Some(""), Some("gzip"), Some("identity;q=0, *;q=0")] {
            assert!(Coding::Identity.is_welcome(header), "{header:?}");
        }
    }

    #[test]
    fn a_coding_is_sent_to_those_who_accept_it() {
        for header in [
            "gzip",
            "GZip",
            "x-gzip",
            "gzip, deflate, br",
            "deflate,gzip;q=0.001",
            "br;q=1.0, gzip;q=0.8, *;q=0.1",
            " , gzip ; q=1.000 ,",
            "*",
            "*;q=0.5",
            "identity;q=0, *",
            "identity;q=0.5, gzip;q=0.5",
            "identity;q=0, gzip;q=0.2",
            "gzip;q=0.5, *;q=0",
            "gzip;level=9;q=1",
        ] {
            assert!(Coding::Gzip.is_welcome(Some(header)), "{header}");
        }
        assert!(Coding::Zstd.is_welcome(Some("gzip, deflate, br, zstd")));
    }

    #[test]
    fn a_coding_is_not_sent_to_those_who_do_not_accept_it_or_like_identity_better() {
        for header in [
            "",
            ",",
            "identity",
            "zstd",
            "deflate, br",
            "gzip;q=0",
            "gzip;q=0.000",
            "gzip;q=0, *",
            "*;q=0",
            "br, *;q=0",
            "identity;q=1, gzip;q=0.5",
            "identity, *;q=0.5",
            "gzipped",
            "gzip;q=",
            "gzip;q=-1",
            "gzip;q=2",
            "gzip;q=0.0001",
            "gzip;q=+1",
            "gzip;q=1.001",
        ] {
            assert!(!Coding::Gzip.is_welcome(Some(header)), "{header}");
        }
        assert!(!Coding::Gzip.is_welcome(None), "whoever says nothing");
        assert!(!Coding::Zstd.is_welcome(Some("gzip, deflate, br")));
    }
}
