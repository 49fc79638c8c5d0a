//! Reads the rows of one clinical table, typed: Diesel's row-by-row mode, one row in memory.

use bulk_export_domain::{
    clinical::{ClinicalRow, ConsentRow, HistoryRow, MedicalRecordRow, PatientRow},
    part::Key,
};
use diesel::{PgConnection, pg::PgRowByRowLoadingMode, prelude::*};
use uuid::Uuid;

use super::{
    Whose,
    check::changed,
    schema::{ClinicalTable, medical_history, medical_record_consents, medical_records, patients},
};
use crate::{
    error::{Error, corrupt},
    source::{
        Slice,
        read::{Handover, Row},
    },
};

/// Reads a slice's rows in the order of their keys.
pub(in crate::source) fn read(
    connection: &mut PgConnection,
    slice: &Slice,
    out: &mut Handover<'_>,
) -> Result<(), Error> {
    let table = ClinicalTable::of(slice.resource_type)?;
    changed(connection, table)?;
    let whose = Whose::of(&slice.scope.subject);
    match table {
        ClinicalTable::Patients => read_patients(connection, slice, whose, out),
        ClinicalTable::MedicalRecords => read_records(connection, slice, whose, out),
        ClinicalTable::Consents => read_consents(connection, slice, whose, out),
        ClinicalTable::History => read_history(connection, slice, whose, out),
    }
}

fn uuid(key: Option<Key>) -> Result<Option<Uuid>, Error> {
    match key {
        None => Ok(None),
        Some(Key::Uuid(id)) => Ok(Some(id)),
        Some(Key::Number(_) | Key::Instant(_)) => {
            Err(corrupt("bulk_export_parts", "key_from", &"a clinical part"))
        }
    }
}

/// Makes the reader of one table. The predicates are the same for all, and stand here once: whose rows, which keys,
/// since when.
macro_rules! reader {
    ($name:ident, $table:ident, $patient:ident, $changed:ident, $row:ident ( $($field:ident),+ $(,)? ), $variant:ident) => {
        fn $name(
            connection: &mut PgConnection,
            slice: &Slice,
            whose: Whose,
            out: &mut Handover<'_>,
        ) -> Result<(), Error> {
            let mut query = $table::table.select(($($table::$field,)+)).order($table::id).into_boxed();
            match whose {
                Whose::Everyone => {}
                Whose::One(patient) => query = query.filter($table::$patient.eq(patient)),
                Whose::Nobody => return Ok(()),
            }
            if let Some(from) = uuid(slice.range.from)? {
                query = query.filter($table::id.ge(from));
            }
            if let Some(to) = uuid(slice.range.to)? {
                query = query.filter($table::id.lt(to));
            }
            if let Some(since) = slice.scope.since {
                query = query.filter($table::$changed.gt(since));
            }
            let rows = query.load_iter::<_, PgRowByRowLoadingMode>(connection)?;
            out.take(rows.map(|row| {
                row.map(|($($field,)+)| Row::Clinical(Box::new(ClinicalRow::$variant($row { $($field),+ }))))
            }))
        }
    };
}

reader!(
    read_patients,
    patients,
    id,
    updated_at,
    PatientRow(
        id,
        mrn,
        first_name,
        middle_name,
        last_name,
        sex,
        date_of_birth,
        phone,
        email,
        address,
        created_at,
        updated_at
    ),
    Patient
);
reader!(
    read_records,
    medical_records,
    patient_id,
    updated_at,
    MedicalRecordRow(
        id,
        patient_id,
        provider_id,
        record_type,
        description,
        status,
        record_date,
        version,
        metadata,
        created_at,
        updated_at
    ),
    MedicalRecord
);
reader!(
    read_consents,
    medical_record_consents,
    patient_id,
    updated_at,
    ConsentRow(
        id,
        patient_id,
        medical_record_id,
        shared_with_practitioner,
        shared_with_organization,
        status,
        granted_at,
        expires_at,
        created_at,
        updated_at,
    ),
    Consent
);
reader!(
    read_history,
    medical_history,
    patient_id,
    created_at,
    HistoryRow(
        id,
        patient_id,
        medical_record_id,
        event_type,
        event_description,
        performed_by,
        created_at
    ),
    History
);
