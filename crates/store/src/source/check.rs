//! The check of the clinical tables at start: what is read must be there, with types that can be read.

use std::fmt;

use diesel::{prelude::*, sql_types};

use super::Source;
use crate::{
    error::Error,
    pool::{blocking, checkout},
};

/// A column that is not as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// The type that is read.
    pub expected: String,
    /// The type that is there; none when the column, or the whole table, is missing.
    pub found: Option<String>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            table,
            column,
            expected,
            found,
        } = self;
        match found {
            Some(found) => write!(f, "{table}.{column} is {found}; {expected} is read"),
            None => write!(
                f,
                "{table}.{column} ({expected}) is missing, or this role may not read it"
            ),
        }
    }
}

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = sql_types::Text)]
    table_name: String,
    #[diesel(sql_type = sql_types::Text)]
    column_name: String,
    #[diesel(sql_type = sql_types::Text)]
    data_type: String,
}

const UUID: &str = "uuid";
const TEXT: &str = "text";
const INSTANT: &str = "timestamp with time zone";

/// Every column that is read, by table.
const READ: [(&str, &[(&str, &str)]); 4] = [
    (
        "patients",
        &[
            ("id", UUID),
            ("mrn", TEXT),
            ("first_name", TEXT),
            ("middle_name", TEXT),
            ("last_name", TEXT),
            ("sex", TEXT),
            ("date_of_birth", "date"),
            ("phone", TEXT),
            ("email", TEXT),
            ("address", TEXT),
            ("created_at", INSTANT),
            ("updated_at", INSTANT),
        ],
    ),
    (
        "medical_records",
        &[
            ("id", UUID),
            ("patient_id", UUID),
            ("provider_id", UUID),
            ("record_type", TEXT),
            ("description", TEXT),
            ("status", TEXT),
            ("record_date", INSTANT),
            ("version", "integer"),
            ("metadata", "jsonb"),
            ("created_at", INSTANT),
            ("updated_at", INSTANT),
        ],
    ),
    (
        "medical_record_consents",
        &[
            ("id", UUID),
            ("patient_id", UUID),
            ("medical_record_id", UUID),
            ("shared_with_practitioner", UUID),
            ("shared_with_organization", UUID),
            ("status", TEXT),
            ("granted_at", INSTANT),
            ("expires_at", INSTANT),
            ("created_at", INSTANT),
            ("updated_at", INSTANT),
        ],
    ),
    (
        "medical_history",
        &[
            ("id", UUID),
            ("patient_id", UUID),
            ("medical_record_id", UUID),
            ("event_type", TEXT),
            ("event_description", TEXT),
            ("performed_by", UUID),
            ("created_at", INSTANT),
        ],
    ),
];

impl Source {
    /// Lists the columns that are missing or cannot be read as they are.
    ///
    /// # Errors
    /// The database is away.
    pub async fn missing(&self) -> Result<Vec<Missing>, Error> {
        let connections = self.connections.clone();
        blocking(move || missing(&mut *checkout(&connections)?)).await
    }
}

/// Looks at the columns. A part looks too, before it reads: Diesel takes the server's word for nothing but the bytes,
/// so that a column of another type would be misread.
pub(super) fn missing(connection: &mut PgConnection) -> Result<Vec<Missing>, Error> {
    let rows = diesel::sql_query(include_str!("check/columns.sql")).load(connection)?;
    Ok(compare(&rows))
}

fn compare(rows: &[ColumnRow]) -> Vec<Missing> {
    let columns = READ.iter().flat_map(|(table, columns)| {
        columns
            .iter()
            .map(move |(column, expected)| (*table, *column, *expected))
    });
    columns
        .filter_map(|(table, column, expected)| {
            let found = rows
                .iter()
                .find(|row| row.table_name == table && row.column_name == column)
                .map(|row| row.data_type.clone());
            let fits = found.as_deref().is_some_and(|found| {
                found == expected || (expected == TEXT && found == "character varying")
            });
            (!fits).then(|| Missing {
                table: table.to_owned(),
                column: column.to_owned(),
                expected: expected.to_owned(),
                found,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<ColumnRow> {
        let row = |table: &str, column: &str, data_type: &str| ColumnRow {
            table_name: table.to_owned(),
            column_name: column.to_owned(),
            data_type: data_type.to_owned(),
        };
        READ.iter()
            .flat_map(|(table, columns)| {
                columns
                    .iter()
                    .map(move |(column, kind)| row(table, column, kind))
            })
            .collect()
    }

    #[test]
    fn every_column_that_is_not_as_it_is_read_is_listed() {
        assert_eq!(compare(&rows()), []);
        assert_eq!(compare(&[]).len(), 40);
        let mut changed = rows();
        changed.retain(|row| row.column_name != "mrn");
        for row in &mut changed {
            match row.column_name.as_str() {
                "first_name" => row.data_type = "character varying".to_owned(),
                "version" => row.data_type = "bigint".to_owned(),
                _ => {}
            }
        }
        let texts: Vec<String> = compare(&changed).iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "patients.mrn (text) is missing, or this role may not read it",
                "medical_records.version is bigint; integer is read",
            ]
        );
    }
}
