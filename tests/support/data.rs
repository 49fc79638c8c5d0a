//! What the source holds and what an export holds, in a form in which the two can be compared.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use crate::Database;

/// The exported types and the tables that they come from.
pub const TABLES: [(&str, &str); 4] = [
    ("Patient", "patients"),
    ("DocumentReference", "medical_records"),
    ("Consent", "medical_record_consents"),
    ("Provenance", "medical_history"),
];

/// The ids of an export or of the source, by type, sorted, doubles kept. A type without any is absent.
pub type Ids = BTreeMap<String, Vec<String>>;

/// Gives the ids that the source holds, everyone's or one patient's.
pub async fn source(database: &Database, patient: Option<Uuid>) -> Ids {
    let mut all = Ids::new();
    for (kind, table) in TABLES {
        let owner = if table == "patients" {
            "id"
        } else {
            "patient_id"
        };
        let sql = format!("SELECT id::text FROM {table} WHERE $1::uuid IS NULL OR {owner} = $1");
        let mut ids: Vec<String> = database.column(&sql, &[&patient]).await;
        ids.sort();
        if !ids.is_empty() {
            all.insert(kind.to_owned(), ids);
        }
    }
    all
}

/// Gives the ids of exported lines, which must be resources of their file's type.
///
/// # Panics
/// When a line is of another type or has no id.
pub fn exported(files: &[(String, Vec<Value>)]) -> Ids {
    let mut all = Ids::new();
    for (kind, lines) in files {
        for line in lines {
            assert_eq!(
                line["resourceType"],
                kind.as_str(),
                "a file holds its own type only"
            );
            let id = line["id"].as_str().expect("a resource has an id");
            all.entry(kind.clone()).or_default().push(id.to_owned());
        }
    }
    all.values_mut().for_each(|ids| ids.sort());
    all
}

/// Gives the patient that a resource is about, as `Patient/ID`.
pub fn owner(resource: &Value) -> String {
    let reference = match resource["resourceType"].as_str() {
        Some("Patient") => return format!("Patient/{}", resource["id"].as_str().expect("an id")),
        Some("DocumentReference") => &resource["subject"]["reference"],
        Some("Consent") => &resource["patient"]["reference"],
        other => panic!("{other:?} names no patient"),
    };
    reference
        .as_str()
        .expect("a resource names its patient")
        .to_owned()
}

/// Inserts a patient with that many records, whose descriptions are long; gives the patient's id.
/// The text is random, so that no two tests ever write equal bytes.
pub async fn patient_with_records(
    database: &Database,
    records: i64,
    description_bytes: i32,
) -> Uuid {
    let patient = Uuid::new_v4();
    let sql = "INSERT INTO patients (id, mrn, first_name, last_name, sex) VALUES ($1, ($1::uuid)::text, 'Ada', 'Lovelace', 'female')";
    database.execute(sql, &[&patient]).await;
    records_of(database, patient, records, description_bytes).await;
    patient
}

/// Inserts that many more records of a patient.
pub async fn records_of(database: &Database, patient: Uuid, records: i64, description_bytes: i32) {
    let sql = "INSERT INTO medical_records (id, patient_id, record_type, description, status, record_date)
               SELECT gen_random_uuid(), $1, 'imaging', repeat(md5(random()::text), 1 + $3 / 32), 'active', now() FROM generate_series(1, $2::bigint)";
    database
        .execute(sql, &[&patient, &records, &description_bytes])
        .await;
    database
        .run("ANALYZE patients; ANALYZE medical_records")
        .await;
}
