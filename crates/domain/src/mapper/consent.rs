//! Consent, from `medical_record_consents`.
//!
//! The base rule is to share nothing, and the provision is the exception: so a reader who goes by the book permits what the
//! patient permitted, and a row that names no recipient permits nothing. With an opt-in as the base it would permit
//! everything to everyone. The period stands in the root provision, where FHIR's search parameters look for it.
//!
//! The status is the stored one, whatever the time: that a consent has run out is for the reader to see from its period.

use serde::Serialize;
use uuid::Uuid;

use super::{
    Reason,
    text::Text,
    time::Instant,
    types::{ACT_CODE, CodeableConcept, Coding, Meta, Period, Reference},
};
use crate::clinical::ConsentRow;

const PRIVACY: Coding = Coding::new(
    "http://terminology.hl7.org/CodeSystem/consentscope",
    "patient-privacy",
    "Privacy Consent",
);
const PATIENT_CONSENT: Coding = Coding::loinc("59284-0");
const DISCLOSURE: Coding = Coding::new(ACT_CODE, "IDSCL", "information disclosure");
const OPT_OUT_WITH_EXCEPTIONS: Coding = Coding::new(ACT_CODE, "OPTOUTE", "opt-out with exceptions");
const RECIPIENT: Coding = Coding::new(
    "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
    "IRCP",
    "information recipient",
);

#[derive(Serialize)]
#[serde(tag = "resourceType", rename_all = "camelCase")]
pub(super) struct Consent {
    id: Uuid,
    meta: Meta,
    status: &'static str,
    scope: CodeableConcept<'static>,
    category: [CodeableConcept<'static>; 2],
    patient: Reference,
    date_time: Instant,
    policy_rule: CodeableConcept<'static>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provision: Option<Provision>,
}

#[derive(Serialize)]
struct Provision {
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<Period>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actor: Vec<Actor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<[Data; 1]>,
}

#[derive(Serialize)]
struct Actor {
    role: CodeableConcept<'static>,
    reference: Reference,
}

#[derive(Serialize)]
struct Data {
    meaning: &'static str,
    reference: Reference,
}

impl Consent {
    pub(super) fn of(row: &ConsentRow) -> Result<Self, Reason> {
        let granted = Instant::of_nullable("granted_at", row.granted_at)?;
        let expires = Instant::of_nullable("expires_at", row.expires_at)?;
        let created = Instant::of("created_at", row.created_at)?;
        Ok(Self {
            id: row.id,
            meta: Meta {
                last_updated: Instant::of("updated_at", row.updated_at)?,
            },
            status: status(&row.status)?,
            scope: CodeableConcept::coded(PRIVACY),
            category: [
                CodeableConcept {
                    coding: Some([PATIENT_CONSENT]),
                    text: Some(Text::fixed("Patient consent")),
                },
                CodeableConcept::coded(DISCLOSURE),
            ],
            patient: Reference::patient(row.patient_id),
            date_time: granted.unwrap_or(created),
            policy_rule: CodeableConcept {
                coding: Some([OPT_OUT_WITH_EXCEPTIONS]),
                text: Some(Text::fixed(
                    "Nothing is shared but what this consent permits",
                )),
            },
            provision: Provision::of(row, period(granted, expires)),
        })
    }
}

impl Provision {
    /// A permit without an actor would be one for everybody: without a recipient only the period is told.
    fn of(row: &ConsentRow, period: Option<Period>) -> Option<Self> {
        let practitioner = row.shared_with_practitioner.map(Reference::practitioner);
        let organization = row.shared_with_organization.map(Reference::organization);
        let actor: Vec<_> = [practitioner, organization]
            .into_iter()
            .flatten()
            .map(|reference| Actor {
                role: CodeableConcept::coded(RECIPIENT),
                reference,
            })
            .collect();
        if actor.is_empty() {
            return period.map(|period| Self {
                r#type: None,
                period: Some(period),
                actor,
                data: None,
            });
        }
        let record = row.medical_record_id.map(Reference::document_reference);
        Some(Self {
            r#type: Some("permit"),
            period,
            actor,
            data: record.map(|reference| {
                [Data {
                    meaning: "instance",
                    reference,
                }]
            }),
        })
    }
}

/// FHIR forbids a period that ends before it starts. Then the end is kept: it is what limits the consent, and `dateTime`
/// still tells when it was granted.
fn period(granted: Option<Instant>, expires: Option<Instant>) -> Option<Period> {
    let start = granted.filter(|start| expires.is_none_or(|end| *start <= end));
    (start.is_some() || expires.is_some()).then_some(Period {
        start,
        end: expires,
    })
}

/// A consent that was revoked had been given: so it is `inactive`, not `rejected`, which is for one that never held.
fn status(stored: &str) -> Result<&'static str, Reason> {
    match stored {
        "pending" => Ok("proposed"),
        "granted" => Ok("active"),
        "revoked" | "expired" => Ok("inactive"),
        _ => Err(Reason::UnknownCode { column: "status" }),
    }
}
