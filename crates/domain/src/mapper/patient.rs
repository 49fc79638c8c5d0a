//! Patient, from `patients`.
//!
//! The medical record number has a type and no system: the platform does not say who gave it.

use serde::Serialize;
use uuid::Uuid;

use super::{
    Reason,
    text::{Text, is_too_long},
    time::{Date, Instant},
    types::{CodeableConcept, Coding, Meta},
};
use crate::clinical::PatientRow;

const MEDICAL_RECORD_NUMBER: Coding = Coding::new(
    "http://terminology.hl7.org/CodeSystem/v2-0203",
    "MR",
    "Medical record number",
);

#[derive(Serialize)]
#[serde(tag = "resourceType", rename_all = "camelCase")]
pub(super) struct Patient<'a> {
    id: Uuid,
    meta: Meta,
    #[serde(skip_serializing_if = "Option::is_none")]
    identifier: Option<[Identifier<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<[HumanName<'a>; 1]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    telecom: Vec<ContactPoint<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gender: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    birth_date: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<[Address<'a>; 1]>,
}

#[derive(Serialize)]
struct Identifier<'a> {
    r#type: CodeableConcept<'static>,
    value: Text<'a>,
}

#[derive(Serialize)]
struct HumanName<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    given: Vec<Text<'a>>,
}

#[derive(Serialize)]
struct ContactPoint<'a> {
    system: &'static str,
    value: Text<'a>,
}

#[derive(Serialize)]
struct Address<'a> {
    text: Text<'a>,
}

impl<'a> Patient<'a> {
    pub(super) fn of(row: &'a PatientRow) -> Result<Self, Reason> {
        let identifier = Text::of("mrn", &row.mrn)?.map(|value| {
            [Identifier {
                r#type: CodeableConcept::coded(MEDICAL_RECORD_NUMBER),
                value,
            }]
        });
        let phone = Text::of_nullable("phone", row.phone.as_deref())?;
        let email = Text::of_nullable("email", row.email.as_deref())?;
        let telecom = [("phone", phone), ("email", email)];
        let address = Text::of_nullable("address", row.address.as_deref())?;
        Ok(Self {
            id: row.id,
            meta: Meta {
                last_updated: Instant::of("updated_at", row.updated_at)?,
            },
            identifier,
            name: HumanName::of(row)?.map(|name| [name]),
            telecom: telecom
                .into_iter()
                .filter_map(|(system, value)| value.map(|value| ContactPoint { system, value }))
                .collect(),
            gender: row.sex.as_deref().and_then(gender),
            birth_date: Date::of_nullable("date_of_birth", row.date_of_birth)?,
            address: address.map(|text| [Address { text }]),
        })
    }
}

impl<'a> HumanName<'a> {
    fn of(row: &'a PatientRow) -> Result<Option<Self>, Reason> {
        let first = Text::of("first_name", &row.first_name)?;
        let middle = Text::of_nullable("middle_name", row.middle_name.as_deref())?;
        let family = Text::of("last_name", &row.last_name)?;
        let text = [&first, &middle, &family]
            .into_iter()
            .flatten()
            .map(Text::as_str)
            .collect::<Vec<_>>()
            .join(" ");
        if text.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            // Three names that fit may be too long together; then the parts must do.
            text: (!is_too_long(&text)).then_some(text),
            family,
            given: [first, middle].into_iter().flatten().collect(),
        }))
    }
}

/// The stored words are FHIR's; another one says nothing that FHIR could carry.
fn gender(sex: &str) -> Option<&'static str> {
    ["male", "female", "other", "unknown"]
        .into_iter()
        .find(|code| *code == sex)
}
