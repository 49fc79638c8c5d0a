//! Provenance, from `medical_history`.
//!
//! The event's description is `activity.text`: the words of whoever recorded what was done. Not `reason`, which says what
//! for, and not a narrative, which summarises the whole resource.

use serde::Serialize;
use uuid::Uuid;

use super::{
    Reason,
    text::Text,
    time::Instant,
    types::{CodeableConcept, Coding, Meta, Reference},
};
use crate::clinical::HistoryRow;

const DATA_OPERATION: &str = "http://terminology.hl7.org/CodeSystem/v3-DataOperation";
const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
const PERFORMER: Coding = Coding::new(
    "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
    "performer",
    "Performer",
);

#[derive(Serialize)]
#[serde(tag = "resourceType", rename_all = "camelCase")]
pub(super) struct Provenance<'a> {
    id: Uuid,
    meta: Meta,
    target: [Reference; 1],
    recorded: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    activity: Option<CodeableConcept<'a>>,
    agent: [Agent; 1],
}

#[derive(Serialize)]
struct Agent {
    r#type: CodeableConcept<'static>,
    who: Who,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Who {
    Practitioner(Reference),
    /// The platform is no resource, so it can only be named.
    System {
        r#type: &'static str,
        display: &'static str,
    },
}

impl<'a> Provenance<'a> {
    pub(super) fn of(row: &'a HistoryRow) -> Result<Self, Reason> {
        let created = Instant::of("created_at", row.created_at)?;
        let coding = activity(&row.event_type);
        let mut text = Text::of_nullable("event_description", row.event_description.as_deref())?;
        if coding.is_none() && text.is_none() {
            text = Text::of("event_type", &row.event_type)?;
        }
        Ok(Self {
            id: row.id,
            meta: Meta {
                last_updated: created,
            },
            target: [Reference::document_reference(row.medical_record_id)],
            recorded: created,
            activity: (coding.is_some() || text.is_some()).then_some(CodeableConcept {
                coding: coding.map(|coding| [coding]),
                text,
            }),
            agent: [Agent {
                r#type: CodeableConcept::coded(PERFORMER),
                who: row.performed_by.map_or(
                    Who::System {
                        r#type: "Device",
                        display: "System",
                    },
                    |id| Who::Practitioner(Reference::practitioner(id)),
                ),
            }],
        })
    }
}

/// FHIR's own set of activities where it has the event, and else the record lifecycle events of ISO 21089. Another event
/// is told by its text alone: a Provenance needs no code.
fn activity(event: &str) -> Option<Coding> {
    Some(match event {
        "created" => Coding::new(DATA_OPERATION, "CREATE", "create"),
        "updated" => Coding::new(DATA_OPERATION, "UPDATE", "revise"),
        "viewed" => Coding::new(LIFECYCLE, "access", "Access/View Record Lifecycle Event"),
        "shared" => Coding::new(LIFECYCLE, "disclose", "Disclose Record Lifecycle Event"),
        "amended" => Coding::new(LIFECYCLE, "amend", "Amend (Update) Record Lifecycle Event"),
        "archived" => Coding::new(LIFECYCLE, "archive", "Archive Record Lifecycle Event"),
        "deleted" => Coding::new(DATA_OPERATION, "DELETE", "delete"),
        _ => return None,
    })
}
