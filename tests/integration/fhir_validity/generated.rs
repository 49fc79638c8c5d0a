//! Thousands of generated rows of each type, against the schema as it is published.

use bulk_export_cli::sample::Sample;
use bulk_export_domain::clinical::ClinicalRow;

use super::{mapped, rules, schema::Schema};

const SEEDS: [u64; 5] = [1, 2, 77, 0xDEAD_BEEF, u64::MAX];
/// Of each type and seed: 5,500 of each type in all.
const ROWS: usize = 1_100;

/// Rows of one type, so many of each seed.
pub(super) fn rows<T: Into<ClinicalRow>, I: Iterator<Item = T>>(
    of: impl Fn(Sample) -> I,
) -> Vec<ClinicalRow> {
    let rows: Vec<_> = SEEDS
        .into_iter()
        .flat_map(|seed| {
            of(Sample::new(1 << 20, seed))
                .take(ROWS)
                .map(Into::into)
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(rows.len(), SEEDS.len() * ROWS);
    rows
}

fn every_line_is_valid(rows: &[ClinicalRow]) {
    for row in rows {
        let resource = mapped(row);
        let verdict = Schema::as_published()
            .check(&resource)
            .and_then(|()| rules::check(&resource));
        assert_eq!(verdict, Ok(()), "{resource}");
    }
}

#[test]
fn every_patient_is_valid() {
    every_line_is_valid(&rows(|sample| sample.patients()));
}

#[test]
fn every_document_reference_is_valid() {
    every_line_is_valid(&rows(|sample| sample.records()));
}

#[test]
fn every_consent_is_valid() {
    every_line_is_valid(&rows(|sample| sample.consents()));
}

#[test]
fn every_provenance_is_valid() {
    every_line_is_valid(&rows(|sample| sample.history()));
}
