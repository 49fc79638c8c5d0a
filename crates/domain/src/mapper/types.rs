//! The FHIR data types that more than one resource uses, as far as they use them.

use serde::{Serialize, Serializer, ser::SerializeStruct};
use uuid::Uuid;

use super::{text::Text, time::Instant};

/// The code system of the record types, for what no published system can say.
pub(super) const RECORD_TYPES: &str = "https://fhir-bulk-export.org/CodeSystem/record-type";
pub(super) const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
pub(super) const LOINC: &str = "http://loinc.org";

/// What the server knows of the resource itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta {
    pub(super) last_updated: Instant,
}

/// A code and the system that defines it.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Coding {
    pub(super) system: &'static str,
    pub(super) code: &'static str,
    /// Left out for LOINC, which renames its codes: `text` says it in our words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display: Option<&'static str>,
}

impl Coding {
    pub(super) const fn new(
        system: &'static str,
        code: &'static str,
        display: &'static str,
    ) -> Self {
        Self {
            system,
            code,
            display: Some(display),
        }
    }

    pub(super) const fn loinc(code: &'static str) -> Self {
        Self {
            system: LOINC,
            code,
            display: None,
        }
    }
}

/// A concept by code, by text, or by both.
#[derive(Serialize)]
pub(super) struct CodeableConcept<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) coding: Option<[Coding; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Text<'a>>,
}

impl CodeableConcept<'_> {
    pub(super) const fn coded(coding: Coding) -> Self {
        Self {
            coding: Some([coding]),
            text: None,
        }
    }
}

/// A reference to a resource by its type and id.
#[derive(Clone, Copy)]
pub(super) struct Reference {
    kind: &'static str,
    id: Uuid,
}

impl Reference {
    pub(super) const fn patient(id: Uuid) -> Self {
        Self {
            kind: "Patient/",
            id,
        }
    }

    pub(super) const fn practitioner(id: Uuid) -> Self {
        Self {
            kind: "Practitioner/",
            id,
        }
    }

    pub(super) const fn organization(id: Uuid) -> Self {
        Self {
            kind: "Organization/",
            id,
        }
    }

    pub(super) const fn document_reference(id: Uuid) -> Self {
        Self {
            kind: "DocumentReference/",
            id,
        }
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut reference = serializer.serialize_struct("Reference", 1)?;
        reference.serialize_field("reference", &Target(*self))?;
        reference.end()
    }
}

struct Target(Reference);

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}{}", self.0.kind, self.0.id))
    }
}

/// A period of time, open where it has no end or no start.
#[derive(Serialize)]
pub(super) struct Period {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<Instant>,
}
