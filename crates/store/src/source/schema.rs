//! The platform's clinical tables, as `deploy/dev/clinical.sql` defines them: the columns that are read.

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

/// A clinical table, as SQL that is built by hand must name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Whose row it is.
    pub(super) patient: &'static str,
    /// When the row last changed.
    pub(super) changed: &'static str,
}

/// Names the table that a type's resources come from.
pub(super) const fn table_of(
    resource_type: bulk_export_domain::resource_type::ResourceType,
) -> Table {
    use bulk_export_domain::resource_type::ResourceType;
    match resource_type {
        ResourceType::Patient => Table {
            name: "patients",
            patient: "id",
            changed: "updated_at",
        },
        ResourceType::DocumentReference => Table {
            name: "medical_records",
            patient: "patient_id",
            changed: "updated_at",
        },
        ResourceType::Consent => Table {
            name: "medical_record_consents",
            patient: "patient_id",
            changed: "updated_at",
        },
        ResourceType::Provenance => Table {
            name: "medical_history",
            patient: "patient_id",
            changed: "created_at",
        },
    }
}
