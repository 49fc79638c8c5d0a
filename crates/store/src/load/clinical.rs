//! Fills the clinical tables for development and tests: COPY, then ANALYZE, so that parts can be planned. Blocks.
//! It is the command line's; no server process calls it.

use std::io::Write;

use diesel::{PgConnection, connection::SimpleConnection, prelude::*, sql_types};
use secrecy::SecretString;

use crate::{
    error::Error,
    migrate::connect,
    source::clinical::schema::{
        medical_history, medical_record_consents, medical_records, patients,
    },
};

/// A connection for loading.
pub struct Loader(PgConnection);

impl std::fmt::Debug for Loader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Loader")
    }
}

/// The clinical tables, in the order in which their references allow filling them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `patients`.
    Patients,
    /// `medical_records`.
    MedicalRecords,
    /// `medical_record_consents`.
    Consents,
    /// `medical_history`.
    History,
}

impl Table {
    /// Every table, in the order of filling.
    pub const ALL: [Self; 4] = [
        Self::Patients,
        Self::MedicalRecords,
        Self::Consents,
        Self::History,
    ];

    /// Gives the table's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Patients => "patients",
            Self::MedicalRecords => "medical_records",
            Self::Consents => "medical_record_consents",
            Self::History => "medical_history",
        }
    }
}

#[derive(QueryableByName)]
struct Flag {
    #[diesel(sql_type = sql_types::Bool)]
    flag: bool,
}

impl Loader {
    /// Connects.
    ///
    /// # Errors
    /// The database is away.
    pub fn connect(url: &SecretString) -> Result<Self, Error> {
        Ok(Self(connect(url)?))
    }

    /// Says whether a table is there.
    ///
    /// # Errors
    /// The database is away.
    pub fn exists(&mut self, table: Table) -> Result<bool, Error> {
        self.flag(&format!(
            "SELECT to_regclass('{}') IS NOT NULL AS flag",
            table.name()
        ))
    }

    /// Says whether a table has no row.
    ///
    /// # Errors
    /// The database is away, or there is no such table.
    pub fn is_empty(&mut self, table: Table) -> Result<bool, Error> {
        self.flag(&format!(
            "SELECT NOT EXISTS (SELECT 1 FROM {}) AS flag",
            table.name()
        ))
    }

    /// Runs the definition of the clinical tables, as a whole or not at all.
    ///
    /// # Errors
    /// A statement failed.
    pub fn create_tables(&mut self, definition: &str) -> Result<(), Error> {
        self.0
            .transaction(|connection| Ok(connection.batch_execute(definition)?))
    }

    /// Copies rows in PostgreSQL's text format, all columns in the table's order, and gives their number.
    ///
    /// # Errors
    /// A row was refused: nothing of this call stays.
    pub fn copy(
        &mut self,
        table: Table,
        chunks: impl Iterator<Item = Vec<u8>>,
    ) -> Result<u64, Error> {
        let chunks = std::cell::RefCell::new(chunks);
        let write = |out: &mut dyn Write| {
            let failed =
                |error: std::io::Error| diesel::result::Error::SerializationError(error.into());
            chunks
                .borrow_mut()
                .try_for_each(|chunk| out.write_all(&chunk).map_err(failed))
        };
        macro_rules! copy {
            ($table:ident) => {
                diesel::copy_from($table::table)
                    .from_raw_data($table::table, &write)
                    .execute(&mut self.0)
            };
        }
        let rows = match table {
            Table::Patients => copy!(patients),
            Table::MedicalRecords => copy!(medical_records),
            Table::Consents => copy!(medical_record_consents),
            Table::History => copy!(medical_history),
        }?;
        Ok(rows as u64)
    }

    /// Analyses the clinical tables: parts are planned from their statistics.
    ///
    /// # Errors
    /// The database is away.
    pub fn analyze(&mut self) -> Result<(), Error> {
        for table in Table::ALL {
            self.0.batch_execute(&format!("ANALYZE {}", table.name()))?;
        }
        Ok(())
    }

    fn flag(&mut self, query: &str) -> Result<bool, Error> {
        let row: Flag = diesel::sql_query(query).get_result(&mut self.0)?;
        Ok(row.flag)
    }
}
