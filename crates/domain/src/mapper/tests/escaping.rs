//! Text of every kind stays on one line and comes back as it was.

use super::*;

/// What is stored, and what a reader gets.
const TEXTS: [(&str, &str); 12] = [
    (r#"say "ah""#, r#"say "ah""#),
    (r"C:\temp\new", r"C:\temp\new"),
    (r"\u0000 \n", r"\u0000 \n"),
    ("one\ntwo\r\nthree\tfour", "one\ntwo\r\nthree\tfour"),
    (" \n trimmed \t", "trimmed"),
    ("bell\u{7} esc\u{1b}[0m", "bell\u{FFFD} esc\u{FFFD}[0m"),
    ("</script><!-- {} [] , : -->", "</script><!-- {} [] , : -->"),
    ("line\u{2028}para\u{2029}end", "line\u{2028}para\u{2029}end"),
    ("山田　太郎", "山田　太郎"),
    (
        "\u{202E}abc\u{202C} مرحبا שלום",
        "\u{202E}abc\u{202C} مرحبا שלום",
    ),
    ("👨‍👩‍👧 🏥 \u{10FFFF}", "👨‍👩‍👧 🏥 \u{10FFFF}"),
    ("e\u{301}\u{200B}\u{FEFF}x", "e\u{301}\u{200B}\u{FEFF}x"),
];

#[test]
fn in_every_text_column() {
    for (stored, read) in TEXTS {
        let patient = json(PatientRow {
            mrn: stored.into(),
            first_name: stored.into(),
            middle_name: Some(stored.into()),
            last_name: stored.into(),
            phone: Some(stored.into()),
            email: Some(stored.into()),
            address: Some(stored.into()),
            ..bare_patient()
        });
        assert_eq!(patient["identifier"][0]["value"], read);
        assert_eq!(patient["name"][0]["given"], serde_json::json!([read, read]));
        assert_eq!(patient["name"][0]["family"], read);
        assert_eq!(patient["name"][0]["text"], format!("{read} {read} {read}"));
        assert_eq!(patient["telecom"][0]["value"], read);
        assert_eq!(patient["telecom"][1]["value"], read);
        assert_eq!(patient["address"][0]["text"], read);

        let record = json(MedicalRecordRow {
            description: Some(stored.into()),
            metadata: Some(serde_json::json!({"title": stored})),
            ..bare_record()
        });
        assert_eq!(record["description"], read);
        assert_eq!(record["content"][0]["attachment"]["title"], read);

        let event = json(HistoryRow {
            event_description: Some(stored.into()),
            ..bare_event()
        });
        assert_eq!(event["activity"]["text"], read);
    }
}

#[test]
fn the_escapes_are_those_of_json() {
    let row = PatientRow {
        mrn: "a\"b\\c\nd\te\u{1}".into(),
        ..bare_patient()
    };
    assert!(line(row).contains(r#""value":"a\"b\\c\nd\te�""#));
}

#[test]
fn every_character_of_unicode_keeps_the_line_whole() {
    let all: Vec<char> = (1..=0x0010_FFFF).filter_map(char::from_u32).collect();
    for block in all.chunks(4096) {
        let text: String = block.iter().collect();
        let resource = json(PatientRow {
            mrn: format!("<{text}>"),
            ..bare_patient()
        });
        let value = resource["identifier"][0]["value"].as_str().unwrap();
        assert_eq!(value.chars().count(), block.len() + 2);
        assert!(value.chars().all(|c| c >= ' ' || "\t\n\r".contains(c)));
    }
}
