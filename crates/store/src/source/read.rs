//! Streams the rows of a part: Diesel's row-by-row mode, one row in memory, errors in the middle as errors.

use std::ops::ControlFlow;

use bulk_export_domain::{
    clinical::{ClinicalRow, ConsentRow, HistoryRow, MedicalRecordRow, PatientRow},
    part::{KeyRange, Scope},
    resource_type::ResourceType,
};
use diesel::{
    PgConnection,
    connection::{AnsiTransactionManager, TransactionManager},
    dsl::sql,
    pg::PgRowByRowLoadingMode,
    prelude::*,
    sql_types::Integer,
};

use super::{
    Source, Stop, Whose,
    check::missing,
    schema::{medical_history, medical_record_consents, medical_records, patients, table_of},
};
use crate::{
    error::{Error, without_values},
    pool::checkout,
};

/// Which rows a part reads.
#[derive(Debug, Clone)]
pub struct Slice {
    /// The type.
    pub resource_type: ResourceType,
    /// The keys.
    pub range: KeyRange,
    /// Whose rows, and since when.
    pub scope: Scope,
}

/// What the reader hands over.
#[derive(Debug)]
pub enum Row {
    /// A row.
    Read(Box<ClinicalRow>),
    /// A row whose values cannot be read, such as an infinite date.
    Unreadable,
}

impl Source {
    /// Reads the rows of a slice in the order of their keys and hands each to `each`, until it breaks. Blocks: call
    /// it on a blocking thread. Gives the number of rows that the database sent.
    ///
    /// # Errors
    /// The statement failed, at the beginning or in the middle; or the read was stopped ([`Error::Stopped`]), by
    /// `stop` or because `each` broke.
    pub fn read<F>(&self, slice: &Slice, stop: &Stop, mut each: F) -> Result<u64, Error>
    where
        F: FnMut(Row) -> ControlFlow<()>,
    {
        let whose = Whose::of(&slice.scope.subject);
        if whose == Whose::Nobody {
            return Ok(0);
        }
        let mut connection = checkout(&self.connections)?;
        // Opened by hand: after a stop the transaction stays open on purpose, so that the pool throws the connection
        // away. A cancellation that is still on its way could hit the next statement otherwise.
        AnsiTransactionManager::begin_transaction_sql(
            &mut *connection,
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        )?;
        let backend: i32 =
            diesel::select(sql::<Integer>("pg_backend_pid()")).get_result(&mut *connection)?;
        let table = table_of(slice.resource_type).name;
        let changed: Vec<_> = missing(&mut connection)?
            .into_iter()
            .filter(|one| one.table == table)
            .collect();
        if !changed.is_empty() {
            return Err(Error::SourceChanged(changed));
        }
        if !stop.begin(backend) {
            return Err(Error::Stopped);
        }
        let read = rows(&mut connection, slice, whose, stop, &mut each);
        if !stop.end() {
            return Err(Error::Stopped);
        }
        let read = read.map_err(without_values)?;
        AnsiTransactionManager::commit_transaction(&mut *connection)?;
        Ok(read)
    }
}

fn rows(
    connection: &mut PgConnection,
    slice: &Slice,
    whose: Whose,
    stop: &Stop,
    each: &mut dyn FnMut(Row) -> ControlFlow<()>,
) -> Result<u64, Error> {
    match slice.resource_type {
        ResourceType::Patient => read_patients(connection, slice, whose, stop, each),
        ResourceType::DocumentReference => read_records(connection, slice, whose, stop, each),
        ResourceType::Consent => read_consents(connection, slice, whose, stop, each),
        ResourceType::Provenance => read_history(connection, slice, whose, stop, each),
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
            stop: &Stop,
            each: &mut dyn FnMut(Row) -> ControlFlow<()>,
        ) -> Result<u64, Error> {
            let mut query = $table::table.select(($($table::$field,)+)).order($table::id).into_boxed();
            match whose {
                Whose::Everyone => {}
                Whose::One(patient) => query = query.filter($table::$patient.eq(patient)),
                Whose::Nobody => return Ok(0),
            }
            if let Some(from) = slice.range.from {
                query = query.filter($table::id.ge(from));
            }
            if let Some(to) = slice.range.to {
                query = query.filter($table::id.lt(to));
            }
            if let Some(since) = slice.scope.since {
                query = query.filter($table::$changed.gt(since));
            }
            let rows = query.load_iter::<_, PgRowByRowLoadingMode>(connection)?;
            hand_over(rows.map(|row| row.map(|($($field,)+)| ClinicalRow::$variant($row { $($field),+ }))), stop, each)
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

fn hand_over(
    rows: impl Iterator<Item = QueryResult<ClinicalRow>>,
    stop: &Stop,
    each: &mut dyn FnMut(Row) -> ControlFlow<()>,
) -> Result<u64, Error> {
    let mut read = 0;
    for row in rows {
        let row = match row {
            Ok(row) => Row::Read(Box::new(row)),
            Err(diesel::result::Error::DeserializationError(_)) => Row::Unreadable,
            Err(error) => return Err(error.into()),
        };
        read += 1;
        if each(row).is_break() {
            // Before the iterator is dropped: that would read all the rest.
            stop.stop();
            return Err(Error::Stopped);
        }
    }
    Ok(read)
}
