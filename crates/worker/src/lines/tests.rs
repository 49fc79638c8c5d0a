use std::cell::RefCell;

use bulk_export_domain::clinical::{ClinicalRow, PatientRow};
use chrono::DateTime;
use uuid::Uuid;

use super::*;

fn patient(first_name: &str) -> Row {
    let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    Row::Clinical(Box::new(ClinicalRow::Patient(PatientRow {
        id: Uuid::from_u128(7),
        mrn: "1".to_owned(),
        first_name: first_name.to_owned(),
        middle_name: None,
        last_name: "X".to_owned(),
        sex: None,
        date_of_birth: None,
        phone: None,
        email: None,
        address: None,
        created_at: at,
        updated_at: at,
    })))
}

/// Runs rows through lines; gives the counts, the files and what was left out.
fn run(
    limits: Limits,
    rows: Vec<Row>,
    read: Result<u64, StoreError>,
) -> (Result<Counts, Failure>, Vec<Vec<u8>>, bool, Vec<String>) {
    let (sender, mut receiver) = mpsc::channel(1000);
    let left_out = RefCell::new(Vec::new());
    let mut lines = Lines::new(
        ResourceType::Patient,
        limits,
        sender,
        Arc::new(Done::default()),
        |page| {
            left_out.borrow_mut().extend(
                page.into_iter()
                    .map(|one: LeftOut| one.outcome.issue[0].details.text.clone()),
            );
            Ok(())
        },
    );
    for row in rows {
        assert!(lines.row(&row).is_continue());
    }
    let result = lines.finish(read);
    let (mut files, mut ended) = (vec![Vec::new()], false);
    while let Ok(message) = receiver.try_recv() {
        match message {
            Message::Bytes(bytes) => files.last_mut().unwrap().extend(bytes),
            Message::NextFile => files.push(Vec::new()),
            Message::End => ended = true,
        }
    }
    (result, files, ended, left_out.into_inner())
}

const WIDE: Limits = Limits {
    file_rows: u64::MAX,
    file_bytes: u64::MAX,
    resource_bytes: usize::MAX,
};

#[test]
fn every_row_is_a_line_or_is_told() {
    let limits = Limits {
        resource_bytes: 1024,
        ..WIDE
    };
    let rows = vec![
        patient("A"),
        patient(&"b".repeat(2000)),
        Row::Unreadable,
        patient("C"),
    ];
    let (result, files, ended, left_out) = run(limits, rows, Ok(4));
    let counts = result.unwrap();
    assert_eq!(counts.rows, 2);
    assert_eq!(files.len(), 1);
    assert_eq!(String::from_utf8_lossy(&files[0]).lines().count(), 2);
    assert_eq!(files[0].len() as u64, counts.bytes);
    assert!(ended);
    assert_eq!(left_out.len(), 2);
    assert!(
        left_out[0].contains("Patient/00000000-0000-0000-0000-000000000007 is larger"),
        "{left_out:?}"
    );
}

#[test]
fn an_error_in_the_middle_never_looks_like_an_end() {
    let (result, _, ended, _) = run(
        WIDE,
        vec![patient("A")],
        Err(StoreError::Corrupt {
            table: "t",
            column: "c",
            id: "1".to_owned(),
        }),
    );
    assert!(matches!(result, Err(Failure::Retry(_))));
    assert!(!ended);
}

#[test]
fn rows_that_were_read_and_not_written_fail_the_part() {
    let (result, _, ended, _) = run(WIDE, vec![patient("A")], Ok(2));
    assert!(matches!(result, Err(Failure::Retry(_))));
    assert!(!ended);
}

#[test]
fn files_are_closed_when_they_are_large_enough() {
    let rows: Vec<Row> = (0..40).map(|_| patient(&"b".repeat(100_000))).collect();
    let (result, files, ended, _) = run(
        Limits {
            file_bytes: 1 << 20,
            ..WIDE
        },
        rows,
        Ok(40),
    );
    assert_eq!(result.unwrap().rows, 40);
    assert!(files.len() >= 3, "{}", files.len());
    assert!(
        files
            .iter()
            .all(|file| file.is_empty() || file.ends_with(b"\n"))
    );
    assert!(ended);
}

#[test]
fn an_upload_that_is_gone_stops_the_reader() {
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    let mut lines = Lines::new(
        ResourceType::Patient,
        WIDE,
        sender,
        Arc::new(Done::default()),
        |_| Ok(()),
    );
    assert!(lines.row(&patient(&"b".repeat(BUFFER))).is_break());
    assert!(matches!(
        lines.finish(Err(StoreError::Stopped)),
        Err(Failure::Lost)
    ));
}

#[test]
fn files_are_closed_at_the_count_that_was_asked_for() {
    for (rows, expected) in [(7, vec![3, 3, 1]), (6, vec![3, 3]), (2, vec![2])] {
        let limits = Limits {
            file_rows: 3,
            ..WIDE
        };
        let patients = (0..rows).map(|_| patient("A")).collect();
        let (result, files, ended, _) = run(limits, patients, Ok(rows));
        assert_eq!(result.unwrap().rows, rows);
        let lines = |file: &Vec<u8>| file.split(|byte| *byte == b'\n').count() - 1;
        let counts: Vec<usize> = files.iter().map(lines).filter(|count| *count > 0).collect();
        assert_eq!(counts, expected);
        assert!(ended);
    }
}
