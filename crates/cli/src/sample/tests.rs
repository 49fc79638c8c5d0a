//! The sample is always the same, and holds what tests hope to meet in it.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::*;

fn bytes<T: CopyText>(rows: impl Iterator<Item = T>) -> Vec<u8> {
    let mut out = Vec::new();
    rows.for_each(|row| row.write_copy_text(&mut out));
    out
}

/// FNV-1a: what the sample's bytes are told by.
fn fingerprint(sample: Sample) -> u64 {
    [
        bytes(sample.patients()),
        bytes(sample.records()),
        bytes(sample.consents()),
        bytes(sample.history()),
    ]
    .concat()
    .into_iter()
    .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn the_same_seed_gives_the_same_bytes_for_ever() {
    assert_eq!(fingerprint(Sample::new(50, 1)), 11_782_955_014_605_836_512);
    assert_ne!(
        fingerprint(Sample::new(50, 2)),
        fingerprint(Sample::new(50, 1))
    );
}

#[test]
fn more_patients_change_no_row() {
    let (few, many) = (Sample::new(150, 7), Sample::new(1000, 7));
    assert!(bytes(many.patients()).starts_with(&bytes(few.patients())));
    assert!(bytes(many.records()).starts_with(&bytes(few.records())));
    assert!(bytes(many.consents()).starts_with(&bytes(few.consents())));
    assert!(bytes(many.history()).starts_with(&bytes(few.history())));
}

#[test]
fn keys_are_unique_and_references_lead_somewhere() {
    let sample = Sample::new(2000, 3);
    let patients: HashSet<Uuid> = sample.patients().map(|row| row.id).collect();
    let records: HashSet<(Uuid, Uuid)> = sample
        .records()
        .map(|row| (row.id, row.patient_id))
        .collect();
    let events: Vec<_> = sample.history().collect();
    let consents: Vec<_> = sample.consents().collect();
    let all: HashSet<Uuid> = patients
        .iter()
        .copied()
        .chain(records.iter().map(|(id, _)| *id))
        .chain(events.iter().map(|row| row.id))
        .chain(consents.iter().map(|row| row.id))
        .collect();
    assert_eq!(
        all.len(),
        patients.len() + records.len() + events.len() + consents.len()
    );
    assert_eq!(patients.len(), 2000);
    assert!(
        records
            .iter()
            .all(|(_, patient)| patients.contains(patient))
    );
    assert!(
        events
            .iter()
            .all(|row| records.contains(&(row.medical_record_id, row.patient_id)))
    );
    assert!(consents.iter().all(|row| {
        patients.contains(&row.patient_id)
            && row
                .medical_record_id
                .is_none_or(|record| records.contains(&(record, row.patient_id)))
    }));
    let mrns: HashSet<String> = sample.patients().map(|row| row.mrn).collect();
    assert_eq!(mrns.len(), 2000);
}

#[test]
fn a_patient_has_about_twelve_rows() {
    let sample = Sample::new(5000, 11);
    let each = |rows: usize, low: usize, high: usize| {
        assert!((low * 500..high * 500).contains(&rows), "{rows}");
    };
    each(sample.records().count(), 38, 46);
    each(sample.consents().count(), 13, 17);
    each(sample.history().count(), 58, 72);
}

#[test]
fn times_are_past_and_in_order() {
    let sample = Sample::new(500, 5);
    let span: (DateTime<Utc>, DateTime<Utc>) = (
        "2015-01-01T00:00:00Z".parse().unwrap(),
        "2025-06-30T00:00:00Z".parse().unwrap(),
    );
    let ordered =
        |created, updated| assert!(span.0 <= created && created <= updated && updated < span.1);
    sample
        .patients()
        .for_each(|row| ordered(row.created_at, row.updated_at));
    sample
        .records()
        .for_each(|row| ordered(row.created_at, row.updated_at));
    sample
        .consents()
        .for_each(|row| ordered(row.created_at, row.updated_at));
    sample
        .history()
        .for_each(|row| ordered(row.created_at, row.created_at));
}

#[test]
fn every_stored_word_occurs_and_every_nullable_column_is_sometimes_null() {
    let sample = Sample::new(3000, 1);
    let words = |rows: &mut dyn Iterator<Item = String>| rows.collect::<BTreeSet<_>>().len();
    assert_eq!(
        words(&mut sample.patients().map(|row| row.sex.unwrap_or_default())),
        5
    );
    assert_eq!(words(&mut sample.records().map(|row| row.record_type)), 11);
    assert_eq!(words(&mut sample.records().map(|row| row.status)), 3);
    assert_eq!(words(&mut sample.consents().map(|row| row.status)), 4);
    assert_eq!(words(&mut sample.history().map(|row| row.event_type)), 7);
    assert!(
        sample
            .patients()
            .any(|row| row.middle_name.is_none() && row.phone.is_none() && row.address.is_none())
    );
    assert!(
        sample
            .records()
            .any(|row| row.description.is_none() && row.metadata.is_none())
    );
    assert!(
        sample
            .consents()
            .any(|row| row.medical_record_id.is_none() && row.expires_at.is_none())
    );
    assert!(sample.consents().any(
        |row| row.shared_with_organization.is_none() && row.shared_with_practitioner.is_none()
    ));
    assert!(
        sample
            .history()
            .any(|row| row.event_description.is_none() && row.performed_by.is_none())
    );
    let texts: String = sample.records().filter_map(|row| row.description).collect();
    for special in ['"', '\n', '\r', '\t', '\\', '👍', '経', 'ص'] {
        assert!(texts.contains(special), "{special:?}");
    }
}

#[test]
fn copy_lines_escape_what_copy_reads_and_nothing_else() {
    let mut row = Sample::new(1, 1).patients().next().unwrap();
    row.mrn = "a\\b\tc\nd\re\u{B}\"'\\N é".into();
    row.middle_name = None;
    let mut out = Vec::new();
    row.write_copy_text(&mut out);
    let line = String::from_utf8(out).unwrap();
    let columns: Vec<&str> = line.strip_suffix('\n').unwrap().split('\t').collect();
    assert_eq!(columns.len(), PatientRow::COPY_COLUMNS.split(", ").count());
    assert_eq!(columns[1], "a\\\\b\\tc\\nd\\re\u{B}\"'\\\\N é");
    assert_eq!(columns[3], "\\N");
    assert_eq!(
        columns[10],
        row.created_at
            .format("%Y-%m-%d %H:%M:%S%.6f+00")
            .to_string()
    );
}

#[test]
fn every_line_has_every_column() {
    fn check<T: CopyText>(rows: impl Iterator<Item = T>) {
        let columns = T::COPY_COLUMNS.split(',').count();
        for line in String::from_utf8(bytes(rows)).unwrap().lines() {
            assert_eq!(line.split('\t').count(), columns, "{}", T::TABLE);
        }
    }
    let sample = Sample::new(300, 4);
    check(sample.patients());
    check(sample.records());
    check(sample.consents());
    check(sample.history());
}
