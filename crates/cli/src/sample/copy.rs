//! Rows in the text format of `PostgreSQL`'s COPY.

use std::io::Write;

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use uuid::Uuid;

use bulk_export_domain::clinical::{ConsentRow, HistoryRow, MedicalRecordRow, PatientRow};

/// A row that COPY can load.
pub trait CopyText {
    /// The table it is of.
    const TABLE: &'static str;
    /// The table's columns, in the order they are written.
    const COPY_COLUMNS: &'static str;

    /// Appends the row as one line of COPY's text format, its line feed included.
    fn write_copy_text(&self, out: &mut Vec<u8>);
}

impl CopyText for PatientRow {
    const TABLE: &'static str = "patients";
    const COPY_COLUMNS: &'static str = "id, mrn, first_name, middle_name, last_name, sex, date_of_birth, phone, email, \
                                        address, created_at, updated_at";

    fn write_copy_text(&self, out: &mut Vec<u8>) {
        let mut line = Line::new(out);
        line.id(self.id);
        line.text(&self.mrn);
        line.text(&self.first_name);
        line.nullable(self.middle_name.as_deref(), Line::text);
        line.text(&self.last_name);
        line.nullable(self.sex.as_deref(), Line::text);
        line.nullable(self.date_of_birth, Line::date);
        line.nullable(self.phone.as_deref(), Line::text);
        line.nullable(self.email.as_deref(), Line::text);
        line.nullable(self.address.as_deref(), Line::text);
        line.time(self.created_at);
        line.time(self.updated_at);
        line.end();
    }
}

impl CopyText for MedicalRecordRow {
    const TABLE: &'static str = "medical_records";
    const COPY_COLUMNS: &'static str = "id, patient_id, provider_id, record_type, description, status, record_date, \
                                        version, metadata, created_at, updated_at";

    fn write_copy_text(&self, out: &mut Vec<u8>) {
        let mut line = Line::new(out);
        line.id(self.id);
        line.id(self.patient_id);
        line.nullable(self.provider_id, Line::id);
        line.text(&self.record_type);
        line.nullable(self.description.as_deref(), Line::text);
        line.text(&self.status);
        line.time(self.record_date);
        line.number(self.version);
        line.nullable(self.metadata.as_ref(), |line, json| {
            line.text(&json.to_string());
        });
        line.time(self.created_at);
        line.time(self.updated_at);
        line.end();
    }
}

impl CopyText for ConsentRow {
    const TABLE: &'static str = "medical_record_consents";
    const COPY_COLUMNS: &'static str = "id, patient_id, medical_record_id, shared_with_practitioner, \
                                        shared_with_organization, status, granted_at, expires_at, created_at, updated_at";

    fn write_copy_text(&self, out: &mut Vec<u8>) {
        let mut line = Line::new(out);
        line.id(self.id);
        line.id(self.patient_id);
        line.nullable(self.medical_record_id, Line::id);
        line.nullable(self.shared_with_practitioner, Line::id);
        line.nullable(self.shared_with_organization, Line::id);
        line.text(&self.status);
        line.nullable(self.granted_at, Line::time);
        line.nullable(self.expires_at, Line::time);
        line.time(self.created_at);
        line.time(self.updated_at);
        line.end();
    }
}

impl CopyText for HistoryRow {
    const TABLE: &'static str = "medical_history";
    const COPY_COLUMNS: &'static str = "id, patient_id, medical_record_id, event_type, event_description, performed_by, created_at";

    fn write_copy_text(&self, out: &mut Vec<u8>) {
        let mut line = Line::new(out);
        line.id(self.id);
        line.id(self.patient_id);
        line.id(self.medical_record_id);
        line.text(&self.event_type);
        line.nullable(self.event_description.as_deref(), Line::text);
        line.nullable(self.performed_by, Line::id);
        line.time(self.created_at);
        line.end();
    }
}

/// A line under way: every column ends with a tab, and the last one's becomes the line feed.
struct Line<'a>(&'a mut Vec<u8>);

impl<'a> Line<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        Self(out)
    }

    fn nullable<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => self.0.extend_from_slice(b"\\N\t"),
        }
    }

    fn id(&mut self, id: Uuid) {
        self.0.extend_from_slice(
            id.hyphenated()
                .encode_lower(&mut Uuid::encode_buffer())
                .as_bytes(),
        );
        self.0.push(b'\t');
    }

    fn text(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        while let Some(at) = rest
            .iter()
            .position(|byte| matches!(byte, b'\\' | b'\t' | b'\n' | b'\r'))
        {
            self.0.extend_from_slice(&rest[..at]);
            self.0.extend_from_slice(match rest[at] {
                b'\t' => b"\\t",
                b'\n' => b"\\n",
                b'\r' => b"\\r",
                _ => b"\\\\",
            });
            rest = &rest[at + 1..];
        }
        self.0.extend_from_slice(rest);
        self.0.push(b'\t');
    }

    fn number(&mut self, number: i32) {
        self.print(format_args!("{number}"));
        self.0.push(b'\t');
    }

    fn date(&mut self, date: NaiveDate) {
        self.day(date);
        self.0.push(b'\t');
    }

    fn time(&mut self, time: DateTime<Utc>) {
        let time = time.naive_utc();
        self.day(time.date());
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        let micros = time.nanosecond() / 1000;
        self.print(format_args!(
            " {hour:02}:{minute:02}:{second:02}.{micros:06}+00\t"
        ));
    }

    fn day(&mut self, date: NaiveDate) {
        self.print(format_args!(
            "{:04}-{:02}-{:02}",
            date.year(),
            date.month(),
            date.day()
        ));
    }

    fn print(&mut self, text: std::fmt::Arguments<'_>) {
        self.0.write_fmt(text).expect("a Vec takes every byte");
    }

    fn end(self) {
        if let Some(last) = self.0.last_mut() {
            *last = b'\n';
        }
    }
}
