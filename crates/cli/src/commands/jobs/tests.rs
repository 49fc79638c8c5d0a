//! The list with long values, and the array that is written in pages.

use super::*;

fn job(number: u128, state: Status) -> JobLine {
    JobLine {
        id: JobId::from_uuid(uuid::Uuid::from_u128(number)),
        requester: Person::new(
            "https://idp.example.org/tenants/7f0c/clients/with-a-very-long-name\u{7}",
        ),
        role: bulk_export_domain::policy::Role::Admin,
        state,
        progress: 100,
        resources: Some(9_999_999_999),
        bytes: u64::MAX,
        files: 7,
        types: vec!["MedicationAdministration".to_owned(), "Patient".to_owned()],
        created_at: DateTime::UNIX_EPOCH,
        ended_at: None,
        expires_at: None,
        error: Some("x".repeat(300)),
    }
}

#[test]
fn a_list_of_long_values_fits_100_columns() {
    let jobs = Status::ALL.map(|state| job(u128::MAX, state));
    let table = table(&jobs, Paint::PLAIN);
    for line in table.lines() {
        assert!(
            line.chars().count() <= 100,
            "{}: {line}",
            line.chars().count()
        );
    }
    assert_eq!(table.lines().count(), 6, "{table}");
    for whole in [
        "ffffffff  in_progress 100 %",
        "9,999,999,999",
        "1970-01-01 00:00",
    ] {
        assert!(table.contains(whole), "{table}");
    }
    assert!(!table.contains('\u{7}'));
}

#[test]
fn pages_make_one_array() {
    let jobs = [
        job(1, Status::Failed),
        job(2, Status::Pending),
        job(3, Status::Pending),
    ];
    for cut in 0..=3 {
        let (one, two) = jobs.split_at(cut);
        let text = if cut == 0 {
            lines(two, true, true)
        } else {
            lines(one, true, false) + &lines(two, false, true)
        };
        let array: Vec<Json> = serde_json::from_str(&text).unwrap();
        assert_eq!(array.len(), 3, "{cut}: {text}");
        assert_eq!(array[0]["state"], "failed");
    }
    assert_eq!(lines(&[], true, true), "[]\n");
}
