//! The FHIR mapper: clinical rows in, lines of valid FHIR R4 JSON out.
//!
//! It reads no clock and looks nothing up: equal rows give equal bytes, on any worker, on any day. It never guesses: what
//! the row does not say is left out, and a row that cannot be a valid resource is refused, not bent.
//!
//! Text is carried as it is stored, but for its outer white space and for what FHIR does not allow in a string: control
//! characters other than tab, line feed and carriage return become U+FFFD. Text without content counts as null.

use std::fmt;

use serde::Serialize;
use uuid::Uuid;

use crate::clinical::ClinicalRow;

mod attachment;
mod consent;
mod document_reference;
mod patient;
mod provenance;
mod text;
mod time;
mod types;

#[cfg(test)]
mod tests;

/// Maps clinical rows to FHIR R4 resources.
#[derive(Clone, Copy, Debug, Default)]
pub struct FhirMapper;

impl FhirMapper {
    /// Makes a mapper; it has no state.
    pub const fn new() -> Self {
        Self
    }

    /// Appends the row as one NDJSON line, its line feed included.
    ///
    /// # Errors
    ///
    /// The row cannot be a valid resource; nothing has been appended.
    pub fn write(&self, row: &ClinicalRow, out: &mut Vec<u8>) -> Result<(), Unmappable> {
        let written = match row {
            ClinicalRow::Patient(row) => patient::Patient::of(row).map(|it| line(&it, out)),
            ClinicalRow::MedicalRecord(row) => {
                document_reference::DocumentReference::of(row).map(|it| line(&it, out))
            }
            ClinicalRow::Consent(row) => consent::Consent::of(row).map(|it| line(&it, out)),
            ClinicalRow::History(row) => provenance::Provenance::of(row).map(|it| line(&it, out)),
        };
        written.map_err(|reason| Unmappable {
            id: row.id(),
            reason,
        })
    }
}

/// JSON escapes every line feed of a string, so the one that ends the line is the only one in it.
fn line(resource: &impl Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(&mut *out, resource)
        .expect("a Vec takes every byte, and no resource has a map with keys that are not strings");
    out.push(b'\n');
}

/// A row that cannot be a valid FHIR resource.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unmappable {
    /// The row's primary key: not for logs.
    pub id: Uuid,
    /// Why; it names the column, never its content.
    pub reason: Reason,
}

impl fmt::Debug for Unmappable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unmappable")
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// What makes a valid resource impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// FHIR writes a year with four digits, 0001 to 9999.
    #[error("the year in {column} is outside 0001 to 9999")]
    YearOutOfRange {
        /// The column that holds it.
        column: &'static str,
    },
    /// A required FHIR code follows from this column, and none does from what it holds.
    #[error("{column} holds a value that has no FHIR code")]
    UnknownCode {
        /// The column that holds it.
        column: &'static str,
    },
    /// FHIR allows a string 1,048,576 characters.
    #[error("the text in {column} is longer than the 1048576 characters of a FHIR string")]
    TextTooLong {
        /// The column that holds it.
        column: &'static str,
    },
}
