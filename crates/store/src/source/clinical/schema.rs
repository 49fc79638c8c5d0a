//! The platform's clinical tables, as `deploy/dev/clinical.sql` defines them: the columns that are read.

use bulk_export_domain::resource_type::ResourceType;

use crate::error::Error;

diesel::table! {
    patients (id) {
        id -> Uuid,
        mrn -> Text,
        first_name -> Text,
        middle_name -> Nullable<Text>,
        last_name -> Text,
        sex -> Nullable<Text>,
        date_of_birth -> Nullable<Date>,
        phone -> Nullable<Text>,
        email -> Nullable<Text>,
        address -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    medical_records (id) {
        id -> Uuid,
        patient_id -> Uuid,
        provider_id -> Nullable<Uuid>,
        record_type -> Text,
        description -> Nullable<Text>,
        status -> Text,
        record_date -> Timestamptz,
        version -> Integer,
        metadata -> Nullable<Jsonb>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    medical_record_consents (id) {
        id -> Uuid,
        patient_id -> Uuid,
        medical_record_id -> Nullable<Uuid>,
        shared_with_practitioner -> Nullable<Uuid>,
        shared_with_organization -> Nullable<Uuid>,
        status -> Text,
        granted_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    medical_history (id) {
        id -> Uuid,
        patient_id -> Uuid,
        medical_record_id -> Uuid,
        event_type -> Text,
        event_description -> Nullable<Text>,
        performed_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

/// A clinical table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClinicalTable {
    Patients,
    MedicalRecords,
    Consents,
    History,
}

impl ClinicalTable {
    pub(super) const ALL: [Self; 4] = [
        Self::Patients,
        Self::MedicalRecords,
        Self::Consents,
        Self::History,
    ];

    /// Gives the table that a type's resources are mapped from.
    pub(super) const fn of(resource_type: ResourceType) -> Result<Self, Error> {
        match resource_type {
            ResourceType::Patient => Ok(Self::Patients),
            ResourceType::DocumentReference => Ok(Self::MedicalRecords),
            ResourceType::Consent => Ok(Self::Consents),
            ResourceType::Provenance => Ok(Self::History),
            other => Err(Error::NoSource(other)),
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Patients => "patients",
            Self::MedicalRecords => "medical_records",
            Self::Consents => "medical_record_consents",
            Self::History => "medical_history",
        }
    }

    /// Gives the column that says whose row it is.
    pub(super) const fn patient(self) -> &'static str {
        match self {
            Self::Patients => "id",
            Self::MedicalRecords | Self::Consents | Self::History => "patient_id",
        }
    }

    /// Gives the column that says when the row last changed.
    pub(super) const fn changed(self) -> &'static str {
        match self {
            Self::Patients | Self::MedicalRecords | Self::Consents => "updated_at",
            Self::History => "created_at",
        }
    }
}
