//! A part: the unit of work, retry, checkpoint and scale. A claim of a part is a lease with a generation; every later
//! write names the generation, so a claim that was lost writes nothing.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    file::PinName, ids::JobId, outcome::OperationOutcome, policy::Subject,
    resource_type::ResourceType,
};

/// A half-open range of primary keys, `from <= id < to`; an absent bound is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyRange {
    /// The first key.
    pub from: Option<Uuid>,
    /// The key after the last.
    pub to: Option<Uuid>,
}

impl KeyRange {
    /// Cuts the whole key space at these boundaries, which need not be sorted or distinct. Together the ranges hold
    /// every key once.
    #[must_use]
    pub fn cut(mut boundaries: Vec<Uuid>) -> Vec<Self> {
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

    /// Gives the boundaries that cut the space of UUIDs into equal slices.
    #[must_use]
    pub fn equal_slices(slices: u64) -> Vec<Uuid> {
        let width = u128::MAX / u128::from(slices.max(1));
        (1..slices)
            .map(|n| Uuid::from_u128(width * u128::from(n)))
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
        let id = |n: u128| Uuid::from_u128(n);
        let ranges = KeyRange::cut(vec![id(9), id(3), id(9)]);
        let expected = [
            (None, Some(id(3))),
            (Some(id(3)), Some(id(9))),
            (Some(id(9)), None),
        ];
        assert_eq!(ranges, expected.map(|(from, to)| KeyRange { from, to }));
        assert_eq!(KeyRange::cut(vec![]), [KeyRange::default()]);
    }

    #[test]
    fn equal_slices_have_one_boundary_less_than_slices() {
        assert!(KeyRange::equal_slices(0).is_empty());
        assert!(KeyRange::equal_slices(1).is_empty());
        let four = KeyRange::equal_slices(4);
        assert_eq!(four.len(), 3);
        assert!(four.is_sorted());
        assert!(four[1].to_string().starts_with("7fffffff"));
    }
}
