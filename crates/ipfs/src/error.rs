//! What can go wrong, told apart by what a caller can do about it.
//! No message holds a CID, a URL, a credential or a byte of a file.

use std::{io, time::Duration};

/// The cause of an [`Error`], as the library beneath gave it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why something could not be done with a file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL is not one that can be used; nothing was tried.
    #[error("the node's URL cannot be used: {0}")]
    Address(&'static str),
    /// The node is away: refused, reset, or gone in the middle.
    #[error("the node cannot be reached")]
    Unreachable(#[source] BoxError),
    /// The node did not answer, or did not go on, in time.
    #[error("the node took longer than {limit:?} for {what}")]
    Deadline {
        /// What was waited for.
        what: &'static str,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The node answered that it will not or cannot.
    #[error("the node refused: {0}")]
    Refused(String),
    /// A garbage collection took blocks of the file before it was pinned: upload it again.
    #[error("the node has lost blocks of the file")]
    BlocksLost,
    /// What the node stored is not what was sent.
    #[error("the node stored another file than it was sent")]
    CidMismatch,
    /// The stream that was to be uploaded failed; this is its own error. Nothing was stored.
    #[error("the source of the file failed")]
    Source(#[source] io::Error),
    /// The node does not have the file.
    #[error("the node does not have the file")]
    NotFound,
    /// What the node gave is not what it must be.
    #[error("the node gave something wrong: {0}")]
    Corrupt(&'static str),
}

impl Error {
    /// Says whether the node is away or unwilling (so that the same may well succeed later), rather than the data wrong.
    #[must_use]
    pub const fn is_outage(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Deadline { .. } | Self::Refused(_) => true,
            Self::Address(_)
            | Self::BlocksLost
            | Self::CidMismatch
            | Self::Source(_)
            | Self::NotFound
            | Self::Corrupt(_) => false,
        }
    }

    pub(crate) fn unreachable(cause: impl Into<BoxError>) -> Self {
        Self::Unreachable(cause.into())
    }

    /// Takes the node's own words, without the identifiers that are in them.
    pub(crate) fn refused(words: &str) -> Self {
        Self::Refused(without_identifiers(words))
    }
}

/// The longest text of a node that is passed on.
const LONGEST_TEXT: usize = 240;

/// A CID has 46 letters and digits or more, a peer's id 52; no word of a message is as long as this.
const LONGEST_WORD: usize = 31;

/// Replaces what may be a CID, a key or a peer's id, keeps to one line, and cuts what is too long.
fn without_identifiers(text: &str) -> String {
    let mut kept = String::new();
    for word in text
        .trim()
        .split_inclusive(|letter: char| !letter.is_alphanumeric())
    {
        let letters = word.trim_end_matches(|letter: char| !letter.is_alphanumeric());
        if letters.chars().count() > LONGEST_WORD {
            kept.push('…');
            kept.push_str(&word[letters.len()..]);
        } else {
            kept.push_str(word);
        }
    }
    kept.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(LONGEST_TEXT)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_the_node_is_kept_without_its_cid() {
        let said = "pin: block was not found locally (offline): ipld: could not find bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku\n";
        let Error::Refused(kept) = Error::refused(said) else {
            panic!("another error")
        };
        assert_eq!(
            kept,
            "pin: block was not found locally (offline): ipld: could not find …"
        );
        let Error::Refused(kept) = Error::refused(&"two\nlines ".repeat(100)) else {
            panic!("another error")
        };
        assert!(kept.chars().count() == LONGEST_TEXT && !kept.contains('\n'));
    }

    #[test]
    fn only_a_node_that_is_away_or_unwilling_is_an_outage() {
        let limit = Duration::from_secs(1);
        for outage in [
            Error::unreachable("reset"),
            Error::Deadline {
                what: "a test",
                limit,
            },
            Error::refused("disk full"),
        ] {
            assert!(outage.is_outage(), "{outage}");
        }
        let source = Error::Source(io::Error::other("database"));
        let address = Error::Address("no host");
        for other in [
            Error::BlocksLost,
            Error::CidMismatch,
            source,
            Error::NotFound,
            Error::Corrupt("size"),
            address,
        ] {
            assert!(!other.is_outage(), "{other}");
        }
    }
}
