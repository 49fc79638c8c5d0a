//! Rows of the platform's four clinical tables, as plain values.
//!
//! The fields are the columns of `clinical.sql`, in its order and with its nullness. Nothing here knows SQL, and `Debug`
//! says which table a row is of and nothing that is in it: a row is health data, its id included.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// A row of `patients`.
#[derive(Clone, PartialEq)]
pub struct PatientRow {
    /// Primary key.
    pub id: Uuid,
    /// Medical record number, unique on the platform.
    pub mrn: String,
    /// First given name.
    pub first_name: String,
    /// Further given names.
    pub middle_name: Option<String>,
    /// Family name.
    pub last_name: String,
    /// `male`, `female`, `other` or `unknown`.
    pub sex: Option<String>,
    /// Date of birth.
    pub date_of_birth: Option<NaiveDate>,
    /// One phone number.
    pub phone: Option<String>,
    /// One email address.
    pub email: Option<String>,
    /// One free-text address.
    pub address: Option<String>,
    /// When the row was made.
    pub created_at: DateTime<Utc>,
    /// When the row was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A row of `medical_records`.
#[derive(Clone, PartialEq)]
pub struct MedicalRecordRow {
    /// Primary key.
    pub id: Uuid,
    /// Whose record it is.
    pub patient_id: Uuid,
    /// The practitioner who made it.
    pub provider_id: Option<Uuid>,
    /// `consultation`, `diagnosis`, `treatment`, `lab_result`, `imaging`, `prescription`, `allergy`, `immunization`,
    /// `surgery`, `emergency` or `other`.
    pub record_type: String,
    /// Free text.
    pub description: Option<String>,
    /// `active`, `archived` or `deleted`.
    pub status: String,
    /// When what is recorded took place.
    pub record_date: DateTime<Utc>,
    /// The platform's version number of the record.
    pub version: i32,
    /// What is known of the document itself: `{"title","contentType","size","cid","sha256"}`, or anything else.
    pub metadata: Option<serde_json::Value>,
    /// When the row was made.
    pub created_at: DateTime<Utc>,
    /// When the row was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A row of `medical_record_consents`.
#[derive(Clone, PartialEq)]
pub struct ConsentRow {
    /// Primary key.
    pub id: Uuid,
    /// Who consents.
    pub patient_id: Uuid,
    /// The record that is shared; none means all records.
    pub medical_record_id: Option<Uuid>,
    /// The practitioner who may see it.
    pub shared_with_practitioner: Option<Uuid>,
    /// The organization that may see it.
    pub shared_with_organization: Option<Uuid>,
    /// `pending`, `granted`, `revoked` or `expired`.
    pub status: String,
    /// From when the consent holds.
    pub granted_at: Option<DateTime<Utc>>,
    /// Until when the consent holds.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the row was made.
    pub created_at: DateTime<Utc>,
    /// When the row was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A row of `medical_history`.
#[derive(Clone, PartialEq)]
pub struct HistoryRow {
    /// Primary key.
    pub id: Uuid,
    /// Whose record it is.
    pub patient_id: Uuid,
    /// The record the event is about.
    pub medical_record_id: Uuid,
    /// `created`, `updated`, `viewed`, `shared`, `amended`, `archived` or `deleted`.
    pub event_type: String,
    /// Free text.
    pub event_description: Option<String>,
    /// The practitioner who did it; none means the system.
    pub performed_by: Option<Uuid>,
    /// When it happened; rows never change.
    pub created_at: DateTime<Utc>,
}

/// A row of any of the four tables: what the mapper takes.
#[derive(Clone, PartialEq)]
pub enum ClinicalRow {
    /// Becomes a Patient.
    Patient(PatientRow),
    /// Becomes a `DocumentReference`.
    MedicalRecord(MedicalRecordRow),
    /// Becomes a Consent.
    Consent(ConsentRow),
    /// Becomes a Provenance.
    History(HistoryRow),
}

impl ClinicalRow {
    /// The primary key, which is the FHIR id too.
    pub fn id(&self) -> Uuid {
        match self {
            Self::Patient(row) => row.id,
            Self::MedicalRecord(row) => row.id,
            Self::Consent(row) => row.id,
            Self::History(row) => row.id,
        }
    }
}

macro_rules! redacted_debug {
    ($($row:ident => $variant:ident),+) => {$(
        impl fmt::Debug for $row {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($row), "([redacted])"))
            }
        }

        impl From<$row> for ClinicalRow {
            fn from(row: $row) -> Self {
                Self::$variant(row)
            }
        }
    )+};
}

redacted_debug!(PatientRow => Patient, MedicalRecordRow => MedicalRecord, ConsentRow => Consent, HistoryRow => History);

impl fmt::Debug for ClinicalRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Patient(row) => row.fmt(f),
            Self::MedicalRecord(row) => row.fmt(f),
            Self::Consent(row) => row.fmt(f),
            Self::History(row) => row.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_health_data() {
        let row = PatientRow {
            id: Uuid::nil(),
            mrn: "MRN-SECRET".into(),
            first_name: "Ada".into(),
            middle_name: None,
            last_name: "Lovelace".into(),
            sex: None,
            date_of_birth: None,
            phone: None,
            email: None,
            address: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        };
        assert_eq!(format!("{row:?}"), "PatientRow([redacted])");
        assert_eq!(
            format!("{:#?}", ClinicalRow::from(row)),
            "PatientRow([redacted])"
        );
    }
}
