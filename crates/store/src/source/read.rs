//! Streams the rows of a part: Diesel's row-by-row mode, one row in memory, errors in the middle as errors.

use std::ops::ControlFlow;

use bulk_export_domain::{clinical::ClinicalRow, sources::Origin};
use chrono::{DateTime, Utc};
use diesel::{
    PgConnection,
    connection::{AnsiTransactionManager, TransactionManager},
    dsl::sql,
    prelude::*,
    sql_types::Integer,
};

use super::{Slice, Source, Stop, clinical, relation, resources};
use crate::{
    error::{Error, without_values},
    measure::measured,
    pool::checkout,
};

/// What the reader hands over.
#[derive(Debug)]
pub enum Row {
    /// A row of the clinical tables.
    Clinical(Box<ClinicalRow>),
    /// A version of the resource store.
    Stored(StoredRow),
    /// A row of another server's relation.
    Foreign(ForeignRow),
    /// A row whose values cannot be read, such as an infinite date.
    Unreadable,
}

/// A version of the resource store, as it was written.
pub struct StoredRow {
    /// The resource's id.
    pub id: String,
    /// The JSON.
    pub body: String,
}

/// A row of another server's relation.
pub struct ForeignRow {
    /// The resource's id.
    pub id: String,
    /// The version, where it does not stand in the body.
    pub version: Option<String>,
    /// When the version was written.
    pub last_updated: DateTime<Utc>,
    /// The JSON.
    pub body: String,
}

macro_rules! redacted_debug {
    ($($row:ident),+) => {$(
        impl std::fmt::Debug for $row {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($row), "([redacted])"))
            }
        }
    )+};
}

redacted_debug!(StoredRow, ForeignRow);

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
        measured("read", || self.read_slice(slice, stop, &mut each))
    }

    fn read_slice(
        &self,
        slice: &Slice,
        stop: &Stop,
        each: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<u64, Error> {
        let origin = self.origin(slice.resource_type)?;
        let mut connection = checkout(self.connections(origin))?;
        // Opened by hand: after a stop the transaction stays open on purpose, so that the pool throws the connection
        // away. A cancellation that is still on its way could hit the next statement otherwise.
        AnsiTransactionManager::begin_transaction_sql(
            &mut *connection,
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        )?;
        let backend: i32 =
            diesel::select(sql::<Integer>("pg_backend_pid()")).get_result(&mut *connection)?;
        if !stop.begin(backend) {
            return Err(Error::Stopped);
        }
        let mut out = Handover {
            stop,
            each,
            read: 0,
        };
        let read = rows(&mut connection, origin, slice, &mut out);
        let rows = out.read;
        if !stop.end() {
            return Err(Error::Stopped);
        }
        read.map_err(without_values)?;
        AnsiTransactionManager::commit_transaction(&mut *connection)?;
        Ok(rows)
    }
}

fn rows(
    connection: &mut PgConnection,
    origin: &Origin,
    slice: &Slice,
    out: &mut Handover<'_>,
) -> Result<(), Error> {
    match origin {
        Origin::Clinical => clinical::read(connection, slice, out),
        Origin::Store => resources::read(connection, slice, out),
        Origin::Relation(relation) => relation::read(connection, relation, slice, out),
    }
}

/// Takes the rows of a statement, counts them and hands them over.
pub(super) struct Handover<'a> {
    stop: &'a Stop,
    each: &'a mut dyn FnMut(Row) -> ControlFlow<()>,
    read: u64,
}

impl Handover<'_> {
    pub(super) fn take(
        &mut self,
        rows: impl Iterator<Item = QueryResult<Row>>,
    ) -> Result<(), Error> {
        for row in rows {
            let row = match row {
                Ok(row) => row,
                Err(diesel::result::Error::DeserializationError(_)) => Row::Unreadable,
                Err(error) => return Err(error.into()),
            };
            self.read += 1;
            if (self.each)(row).is_break() {
                // Before the iterator is dropped: that would read all the rest.
                self.stop.stop();
                return Err(Error::Stopped);
            }
        }
        Ok(())
    }
}
