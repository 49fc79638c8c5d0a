//! The resource types that this server exports. A type that is not listed here does not exist for it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A resource type of FHIR R4 that is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ResourceType {
    /// A patient of the platform.
    Patient,
    /// A medical record: a pointer to a document.
    DocumentReference,
    /// A patient's consent to share records.
    Consent,
    /// What happened to a record.
    Provenance,
}

/// A text that names no exported type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a resource type that is exported")]
pub struct UnknownType;

impl ResourceType {
    /// Every exported type, in the order of the default export.
    pub const ALL: [Self; 4] = [
        Self::Patient,
        Self::DocumentReference,
        Self::Consent,
        Self::Provenance,
    ];

    /// Gives the type's FHIR name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "Patient",
            Self::DocumentReference => "DocumentReference",
            Self::Consent => "Consent",
            Self::Provenance => "Provenance",
        }
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ResourceType {
    type Err = UnknownType;

    /// Reads a type's name; FHIR names are case-sensitive.
    fn from_str(text: &str) -> Result<Self, UnknownType> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or(UnknownType)
    }
}
