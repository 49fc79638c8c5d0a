//! Rows that mean harm: every text column with every kind of text, times at the ends of what FHIR can write, and
//! metadata of every wrong shape.

use bulk_export_cli::sample::Sample;
use bulk_export_domain::clinical::{
    ClinicalRow, ConsentRow, HistoryRow, MedicalRecordRow, PatientRow,
};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::{mapped, rules, schema::Schema};

fn texts() -> Vec<String> {
    let controls: String = (1..0x20).filter_map(char::from_u32).collect();
    let white: String =
        "\u{85}\u{A0}\u{1680}\u{2000}\u{200A}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}\u{FEFF}"
            .into();
    let mut texts: Vec<String> = [
        "",
        " ",
        "\t\r\n",
        "\"",
        "\"\"\"'`",
        "\\",
        "\\\\\\",
        "\\u0000",
        "\\.",
        "\\N",
        "null",
        "{}",
        "[]",
        "},{\"resourceType\":\"Patient\"}",
        "a\nb",
        "a\r\nb",
        "a\rb",
        "\n\n{\"id\":1}\n",
        "a\tb",
        "</div><script>alert(1)</script>",
        "<![CDATA[x]]>",
        "&amp;&#0;",
        "${jndi:x}",
        "👩🏽‍⚕️👨‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "\u{1F600}",
        "مرحبا ‏\u{202E}dlrow\u{202C} שלום",
        "e\u{301}\u{302}\u{303}",
        "ｆｕｌｌ　ｗｉｄｔｈ",
        "\u{7F}\u{80}\u{9F}",
        "\u{FFFD}\u{FFFE}\u{FFFF}",
        "\u{E000}\u{10FFFF}",
        "\u{200B}\u{200D}\u{2060}",
        "𠮷野家",
        "ﷺ",
        "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
    ]
    .map(str::to_owned)
    .into();
    texts.extend([
        controls.clone(),
        format!("a{controls}b"),
        white.clone(),
        format!("a{white}b"),
    ]);
    texts.extend([
        "x".repeat(300_000),
        "\n".repeat(5_000) + "x",
        "é".repeat(1024 * 1024),
        "\u{1}".repeat(70_000),
    ]);
    texts
}

fn is_valid(row: impl Into<ClinicalRow>) {
    let resource = mapped(&row.into());
    let verdict = Schema::by_the_text()
        .check(&resource)
        .and_then(|()| rules::check(&resource));
    let shown: String = resource.to_string().chars().take(2_000).collect();
    assert_eq!(verdict, Ok(()), "{shown}");
}

/// Writes each text into each column, and into all of them at once.
fn each<T: Clone + Into<ClinicalRow>>(row: &T, columns: &[fn(&mut T, String)]) {
    for text in texts() {
        let mut all = row.clone();
        for set in columns {
            let mut one = row.clone();
            set(&mut one, text.clone());
            is_valid(one);
            set(&mut all, text.clone());
        }
        is_valid(all);
    }
}

fn sample() -> Sample {
    Sample::new(100, 9)
}

#[test]
fn patients_stay_valid_whatever_their_text() {
    let columns: [fn(&mut PatientRow, String); 8] = [
        |row, text| row.mrn = text,
        |row, text| row.first_name = text,
        |row, text| row.middle_name = Some(text),
        |row, text| row.last_name = text,
        |row, text| row.sex = Some(text),
        |row, text| row.phone = Some(text),
        |row, text| row.email = Some(text),
        |row, text| row.address = Some(text),
    ];
    each(&sample().patients().next().unwrap(), &columns);
}

#[test]
fn document_references_stay_valid_whatever_their_text() {
    let columns: [fn(&mut MedicalRecordRow, String); 7] = [
        |row, text| row.record_type = text,
        |row, text| row.description = Some(text),
        |row, text| row.metadata = Some(json!({"title": text})),
        |row, text| row.metadata = Some(json!({"contentType": text})),
        |row, text| row.metadata = Some(json!({"cid": text})),
        |row, text| row.metadata = Some(json!({"sha256": text, "size": text})),
        |row, text| row.metadata = Some(Value::String(text)),
    ];
    each(&sample().records().next().unwrap(), &columns);
}

#[test]
fn a_description_beyond_every_limit_stays_valid() {
    let mut row = sample().records().next().unwrap();
    row.description = Some("0123456789\u{1}é\n".repeat(200_000));
    is_valid(row);
}

#[test]
fn provenances_stay_valid_whatever_their_text() {
    let columns: [fn(&mut HistoryRow, String); 2] = [
        |row, text| row.event_type = text,
        |row, text| row.event_description = Some(text),
    ];
    each(&sample().history().next().unwrap(), &columns);
}

#[test]
fn metadata_of_every_wrong_shape_stays_valid() {
    let wrong = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!("text"),
        json!([]),
        json!({}),
        json!([{"title": "x"}]),
        json!([[[]]]),
        json!({"": ""}),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e300),
    ];
    let row = sample().records().next().unwrap();
    for value in &wrong {
        is_valid(MedicalRecordRow {
            metadata: Some(value.clone()),
            ..row.clone()
        });
        for member in ["title", "contentType", "size", "cid", "sha256"] {
            is_valid(MedicalRecordRow {
                metadata: Some(json!({member: value})),
                ..row.clone()
            });
        }
    }
}

#[test]
fn times_at_the_ends_stay_valid() {
    let ends: [DateTime<Utc>; 4] = [
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "2016-12-31T23:59:60Z",
        "9999-12-31T23:59:59.999999Z",
    ]
    .map(|time| time.parse().unwrap());
    let patient = sample().patients().next().unwrap();
    let record = sample().records().next().unwrap();
    let consent = sample().consents().next().unwrap();
    let event = sample().history().next().unwrap();
    for time in ends {
        let date_of_birth: Option<NaiveDate> = Some(time.date_naive());
        is_valid(PatientRow {
            date_of_birth,
            updated_at: time,
            ..patient.clone()
        });
        is_valid(MedicalRecordRow {
            record_date: time,
            created_at: time,
            updated_at: time,
            ..record.clone()
        });
        is_valid(HistoryRow {
            created_at: time,
            ..event.clone()
        });
        for other in ends {
            let (granted_at, expires_at) = (Some(time), Some(other));
            is_valid(ConsentRow {
                granted_at,
                expires_at,
                created_at: time,
                updated_at: time,
                ..consent.clone()
            });
        }
    }
}
