//! A part: the unit of work, retry, checkpoint and scale. A claim of a part is a lease with a generation; every later
//! write names the generation, so a claim that was lost writes nothing.

use std::{fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use crate::{
    file::PinName, ids::JobId, outcome::OperationOutcome, policy::Subject,
    resource_type::ResourceType,
};

/// A key by which the rows of a source are cut into parts. It never changes while the row lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A primary key of the clinical tables, or of another server's.
    Uuid(Uuid),
    /// A numbered primary key of another server's.
    Number(i64),
    /// When a version of the resource store became valid; microseconds.
    Instant(DateTime<Utc>),
}

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key")]
pub struct InvalidKey;

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(id) => id.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Instant(at) => f.write_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true)),
        }
    }
}

impl FromStr for Key {
    type Err = InvalidKey;

    /// Reads what [`Display`](fmt::Display) writes; the three forms have nothing in common.
    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        if let Ok(number) = text.parse() {
            return Ok(Self::Number(number));
        }
        if let Ok(id) = Uuid::try_parse(text) {
            return Ok(Self::Uuid(id));
        }
        let at = DateTime::parse_from_rfc3339(text).map_err(|_| InvalidKey)?;
        Ok(Self::Instant(at.with_timezone(&Utc)))
    }
}

/// A half-open range of keys, `from <= key < to`; an absent bound is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyRange {
    /// The first key.
    pub from: Option<Key>,
    /// The key after the last.
    pub to: Option<Key>,
}

impl KeyRange {
    /// Cuts the whole key space at these boundaries, which need not be sorted or distinct. Together the ranges hold
    /// every key once.
    #[must_use]
    pub fn cut(mut boundaries: Vec<Key>) -> Vec<Self> {
        boundaries.sort_unstable();
        boundaries.dedup();
        let firsts = std::iter::once(None).chain(boundaries.iter().copied().map(Some));
        let ends = boundaries
            .iter()
            .copied()
            .map(Some)
            .chain(std::iter::once(None));
        firsts
            .zip(ends)
            .map(|(from, to)| Self { from, to })
            .collect()
    }
}

/// What a part does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartKind {
    /// Plans the job: inserts its export parts.
    Plan,
    /// Exports one type's rows of one key range.
    Export {
        /// The type.
        resource_type: ResourceType,
        /// The keys.
        range: KeyRange,
    },
    /// Writes the error file: inserted when all else is done and something was ignored or left out.
    Report,
}

impl PartKind {
    /// Gives the row's word for the kind.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Export { .. } => "export",
            Self::Report => "report",
        }
    }

    /// Gives the type that the part exports, if it exports one.
    #[must_use]
    pub const fn resource_type(&self) -> Option<ResourceType> {
        match self {
            Self::Export { resource_type, .. } => Some(*resource_type),
            Self::Plan | Self::Report => None,
        }
    }
}

/// The word for a part's state, as the row spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartState {
    /// It waits for a worker.
    Due,
    /// A worker has it under lease.
    Running,
    /// Its files are proved and recorded.
    Done,
    /// Its job failed before it was done.
    Failed,
    /// Its job was cancelled before it was done.
    Cancelled,
}

impl PartState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Due,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Gives the word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A part under lease: what was claimed, under which generation, and what its job asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub job: JobId,
    /// The part's number within the job.
    pub ordinal: i32,
    /// The generation of this claim.
    pub generation: i32,
    /// How often the part has been tried, this time included.
    pub attempts: i32,
    /// What the part does.
    pub kind: PartKind,
    /// What the job asks for.
    pub scope: Scope,
    /// The trace that the kick-off was part of (W3C Trace Context, `traceparent`).
    pub trace_parent: Option<String>,
}

impl Claim {
    /// Gives the label of this claim's pins.
    #[must_use]
    pub const fn pin_name(&self) -> PinName {
        PinName {
            job: self.job,
            ordinal: self.ordinal,
            generation: self.generation,
        }
    }
}

/// What a job asks for: the facts that its parts read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Whose data.
    pub subject: Subject,
    /// Which types.
    pub types: Vec<ResourceType>,
    /// Only what changed after this instant.
    pub since: Option<DateTime<Utc>>,
    /// The instant up to which the job is complete.
    pub transaction_time: DateTime<Utc>,
    /// The most resources that a file may hold.
    pub file_rows: Option<u64>,
}

/// A part to be inserted by the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedPart {
    /// The type.
    pub resource_type: ResourceType,
    /// The keys.
    pub range: KeyRange,
}

/// A resource that was left out, or a parameter that was ignored: a line of the error file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// What to tell the client.
    pub outcome: OperationOutcome,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_ranges_meet_and_cover_everything() {
        let ranges = KeyRange::cut([9, 3, 9].map(Key::Number).to_vec());
        let (three, nine) = (Some(Key::Number(3)), Some(Key::Number(9)));
        let expected = [(None, three), (three, nine), (nine, None)];
        assert_eq!(ranges, expected.map(|(from, to)| KeyRange { from, to }));
        assert_eq!(KeyRange::cut(vec![]), [KeyRange::default()]);
    }

    #[test]
    fn keys_read_back_as_they_were() {
        let at = DateTime::from_timestamp_micros(1_780_000_000_123_456).unwrap();
        for key in [
            Key::Uuid(Uuid::from_u128(7)),
            Key::Uuid(Uuid::nil()),
            Key::Number(-3),
            Key::Number(i64::MAX),
            Key::Instant(at),
        ] {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        for text in ["", "x", "2026-01-01", "1.5"] {
            assert_eq!(text.parse::<Key>(), Err(InvalidKey), "{text}");
        }
    }
}
