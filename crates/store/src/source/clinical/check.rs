//! The columns of the clinical tables that are read.

use diesel::PgConnection;

use super::schema::ClinicalTable;
use crate::{
    error::Error,
    source::check::{Column, INSTANT, Missing, TEXT, UUID, columns, compare},
};

const PATIENTS: &[Column] = &[
    ("id", UUID),
    ("mrn", TEXT),
    ("first_name", TEXT),
    ("middle_name", TEXT),
    ("last_name", TEXT),
    ("sex", TEXT),
    ("date_of_birth", &["date"]),
    ("phone", TEXT),
    ("email", TEXT),
    ("address", TEXT),
    ("created_at", INSTANT),
    ("updated_at", INSTANT),
];

const MEDICAL_RECORDS: &[Column] = &[
    ("id", UUID),
    ("patient_id", UUID),
    ("provider_id", UUID),
    ("record_type", TEXT),
    ("description", TEXT),
    ("status", TEXT),
    ("record_date", INSTANT),
    ("version", &["integer"]),
    ("metadata", &["jsonb"]),
    ("created_at", INSTANT),
    ("updated_at", INSTANT),
];

const CONSENTS: &[Column] = &[
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
];

const HISTORY: &[Column] = &[
    ("id", UUID),
    ("patient_id", UUID),
    ("medical_record_id", UUID),
    ("event_type", TEXT),
    ("event_description", TEXT),
    ("performed_by", UUID),
    ("created_at", INSTANT),
];

const fn read(table: ClinicalTable) -> &'static [Column] {
    match table {
        ClinicalTable::Patients => PATIENTS,
        ClinicalTable::MedicalRecords => MEDICAL_RECORDS,
        ClinicalTable::Consents => CONSENTS,
        ClinicalTable::History => HISTORY,
    }
}

/// Lists the columns that are missing or cannot be read as they are.
pub(in crate::source) fn missing(connection: &mut PgConnection) -> Result<Vec<Missing>, Error> {
    let found = columns(connection, &ClinicalTable::ALL.map(ClinicalTable::name))?;
    Ok(ClinicalTable::ALL
        .into_iter()
        .flat_map(|table| compare(table.name(), read(table), &found))
        .collect())
}

/// A part looks too, before it reads: Diesel takes the server's word for nothing but the bytes, so that a column of
/// another type would be misread.
pub(super) fn changed(connection: &mut PgConnection, table: ClinicalTable) -> Result<(), Error> {
    let found = columns(connection, &[table.name()])?;
    let missing = compare(table.name(), read(table), &found);
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Error::SourceChanged(missing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::check::ColumnRow;

    fn rows() -> Vec<ColumnRow> {
        let row = |table: ClinicalTable, (column, kinds): &Column| ColumnRow {
            relation: table.name().to_owned(),
            column_name: (*column).to_owned(),
            data_type: kinds[0].to_owned(),
        };
        ClinicalTable::ALL
            .into_iter()
            .flat_map(|table| read(table).iter().map(move |column| row(table, column)))
            .collect()
    }

    fn all(found: &[ColumnRow]) -> Vec<Missing> {
        ClinicalTable::ALL
            .into_iter()
            .flat_map(|table| compare(table.name(), read(table), found))
            .collect()
    }

    #[test]
    fn every_column_that_is_not_as_it_is_read_is_listed() {
        assert_eq!(all(&rows()), []);
        assert_eq!(all(&[]).len(), 40);
        let mut changed = rows();
        changed.retain(|row| row.column_name != "mrn");
        for row in &mut changed {
            match row.column_name.as_str() {
                "first_name" => row.data_type = "character varying".to_owned(),
                "version" => row.data_type = "bigint".to_owned(),
                _ => {}
            }
        }
        let texts: Vec<String> = all(&changed).iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "patients.mrn (text) is missing, or this role may not read it",
                "medical_records.version is bigint; integer is read",
            ]
        );
    }
}
