//! `DocumentReference`, from `medical_records`.
//!
//! `date` is when the record was made, `context.period` when what it tells took place. The version is part of the master
//! identifier, which FHIR defines as the identifier of one version of a document.

use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::{
    Reason,
    attachment::Attachment,
    text::{Text, is_too_long},
    time::Instant,
    types::{CodeableConcept, Coding, Meta, Period, RECORD_TYPES, Reference},
};
use crate::clinical::MedicalRecordRow;

/// The identifier system of record versions: `{id}/{version}`.
const RECORD_VERSION: &str = "https://fhir-bulk-export.org/identifier/record-version";

#[derive(Serialize)]
#[serde(tag = "resourceType", rename_all = "camelCase")]
pub(super) struct DocumentReference<'a> {
    id: Uuid,
    meta: Meta,
    master_identifier: MasterIdentifier,
    status: &'static str,
    r#type: CodeableConcept<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<[CodeableConcept<'static>; 1]>,
    subject: Reference,
    date: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<[Reference; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Text<'a>>,
    content: Vec<Content<'a>>,
    context: Context,
}

#[derive(Serialize)]
struct MasterIdentifier {
    system: &'static str,
    value: RecordVersion,
}

struct RecordVersion(Uuid, i32);

impl Serialize for RecordVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}/{}", self.0, self.1))
    }
}

#[derive(Serialize)]
struct Content<'a> {
    attachment: Attachment<'a>,
}

#[derive(Serialize)]
struct Context {
    period: Period,
}

impl<'a> DocumentReference<'a> {
    pub(super) fn of(row: &'a MedicalRecordRow) -> Result<Self, Reason> {
        let kind = RecordType::of(&row.record_type);
        let description = row.description.as_deref().map(str::trim);
        // A FHIR string has a limit and base64 has none: a text that is too long is kept, as a document of its own.
        let (description, too_long) = match description {
            Some(text) if is_too_long(text) => (None, Some(text)),
            other => (Text::of_nullable("description", other)?, None),
        };
        let name = match kind {
            Some(kind) => Text::fixed(kind.text),
            None => {
                Text::of("record_type", &row.record_type)?.unwrap_or(Text::fixed("Medical record"))
            }
        };
        let document = Attachment::of_document(row.metadata.as_ref(), description.as_ref(), &name);
        let text = too_long.map(Attachment::of_text);
        let took_place = Instant::of("record_date", row.record_date)?;
        Ok(Self {
            id: row.id,
            meta: Meta {
                last_updated: Instant::of("updated_at", row.updated_at)?,
            },
            master_identifier: MasterIdentifier {
                system: RECORD_VERSION,
                value: RecordVersion(row.id, row.version),
            },
            status: status(&row.status)?,
            category: kind.map(|kind| [kind.category()]),
            subject: Reference::patient(row.patient_id),
            date: Instant::of("created_at", row.created_at)?,
            author: row.provider_id.map(|id| [Reference::practitioner(id)]),
            description,
            content: [Some(document), text]
                .into_iter()
                .flatten()
                .map(|attachment| Content { attachment })
                .collect(),
            context: Context {
                period: Period {
                    start: Some(took_place),
                    end: Some(took_place),
                },
            },
            r#type: CodeableConcept {
                coding: kind
                    .and_then(|kind| kind.loinc)
                    .map(|code| [Coding::loinc(code)]),
                text: Some(name),
            },
        })
    }
}

/// `superseded` is the nearest that FHIR has for a record that was put away: no longer the current one, and no error.
fn status(stored: &str) -> Result<&'static str, Reason> {
    match stored {
        "active" => Ok("current"),
        "archived" => Ok("superseded"),
        "deleted" => Ok("entered-in-error"),
        _ => Err(Reason::UnknownCode { column: "status" }),
    }
}

/// What is known of a record type.
struct RecordType {
    code: &'static str,
    text: &'static str,
    /// The LOINC document code, where one means just this.
    loinc: Option<&'static str>,
}

/// The codes stand in FHIR's value sets of document types and classes. LOINC has none that means just a diagnosis or just
/// a treatment: its diagnosis codes are of sections, its treatment codes of plans.
static RECORD_TYPES_KNOWN: [RecordType; 11] = [
    RecordType {
        code: "consultation",
        text: "Consultation",
        loinc: Some("11488-4"),
    },
    RecordType {
        code: "diagnosis",
        text: "Diagnosis",
        loinc: None,
    },
    RecordType {
        code: "treatment",
        text: "Treatment",
        loinc: None,
    },
    RecordType {
        code: "lab_result",
        text: "Laboratory result",
        loinc: Some("11502-2"),
    },
    RecordType {
        code: "imaging",
        text: "Imaging",
        loinc: Some("18748-4"),
    },
    RecordType {
        code: "prescription",
        text: "Prescription",
        loinc: Some("57833-6"),
    },
    RecordType {
        code: "allergy",
        text: "Allergy",
        loinc: Some("48765-2"),
    },
    RecordType {
        code: "immunization",
        text: "Immunization",
        loinc: Some("11369-6"),
    },
    RecordType {
        code: "surgery",
        text: "Surgery",
        loinc: Some("11504-8"),
    },
    RecordType {
        code: "emergency",
        text: "Emergency",
        loinc: Some("34111-5"),
    },
    RecordType {
        code: "other",
        text: "Other",
        loinc: None,
    },
];

impl RecordType {
    fn of(stored: &str) -> Option<&'static Self> {
        RECORD_TYPES_KNOWN.iter().find(|known| known.code == stored)
    }

    fn category(&self) -> CodeableConcept<'static> {
        CodeableConcept::coded(Coding::new(RECORD_TYPES, self.code, self.text))
    }
}
