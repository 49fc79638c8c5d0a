//! Sample medical records.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Kind, Random, Sample, patients, times::Time, words};
use bulk_export_domain::clinical::MedicalRecordRow;

/// What the history needs to know of a record.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) id: Uuid,
    pub(super) patient: u64,
    pub(super) patient_id: Uuid,
    pub(super) record: u32,
    pub(super) created: Time,
    pub(super) status: &'static str,
    pub(super) events: u32,
}

const STATUSES: [(u64, &str); 3] = [(850, "active"), (120, "archived"), (30, "deleted")];
const EVENTS: [(u64, u32); 5] = [(680, 1), (200, 2), (80, 3), (30, 5), (10, 9)];
const TYPES: [(u64, &str); 11] = [
    (220, "consultation"),
    (130, "diagnosis"),
    (90, "treatment"),
    (190, "lab_result"),
    (80, "imaging"),
    (120, "prescription"),
    (30, "allergy"),
    (50, "immunization"),
    (30, "surgery"),
    (30, "emergency"),
    (30, "other"),
];
const CONTENT_TYPES: [&str; 6] = [
    "application/pdf",
    "image/jpeg",
    "application/dicom",
    "text/plain; charset=utf-8",
    "application/hl7-cda+xml",
    "image/png",
];

impl Plan {
    pub(super) fn of(sample: &Sample, of: &patients::Plan, record: u32) -> Self {
        let mut random = sample.random(Kind::RecordPlan, of.patient, record);
        Self {
            id: sample.id(Kind::Record, of.patient, record),
            patient: of.patient,
            patient_id: of.id,
            record,
            created: of.created.later(&mut random, 4000),
            status: random.weighted(&STATUSES),
            events: random.weighted(&EVENTS),
        }
    }
}

pub(super) fn row(sample: &Sample, of: &patients::Plan, record: u32) -> MedicalRecordRow {
    let plan = Plan::of(sample, of, record);
    let random = &mut sample.random(Kind::Record, of.patient, record);
    let record_type = random.weighted(&TYPES);
    MedicalRecordRow {
        id: plan.id,
        patient_id: of.id,
        provider_id: random
            .per_mille(900)
            .then(|| sample.practitioner(random, of.patient)),
        record_type: record_type.to_owned(),
        description: random
            .per_mille(880)
            .then(|| words::description(random, record_type)),
        status: plan.status.to_owned(),
        record_date: plan.created.earlier(random, 30).utc(),
        version: 1 + i32::try_from(random.below(4) * random.below(3)).unwrap_or_default(),
        metadata: random.per_mille(550).then(|| metadata(random, record_type)),
        created_at: plan.created.utc(),
        updated_at: if random.per_mille(500) {
            plan.created
        } else {
            plan.created.later(random, 700)
        }
        .utc(),
    }
}

/// Mostly what the mapper knows; now and then what it must not stumble over.
fn metadata(random: &mut Random, record_type: &str) -> Value {
    if random.per_mille(15) {
        return random
            .pick(&[
                Value::Null,
                Value::Array(Vec::new()),
                Value::from("scanned"),
                Value::from(7),
            ])
            .clone();
    }
    let mut members = Map::new();
    // In the order of the alphabet, which is the same whether or not serde_json is built to keep the order.
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    if random.per_mille(800) {
        put(
            "cid",
            Value::from(digits(
                random,
                "bafkrei",
                b"abcdefghijklmnopqrstuvwxyz234567",
                52,
            )),
        );
    }
    let odd = random.per_mille(10);
    put(
        "contentType",
        if odd {
            Value::Null
        } else {
            Value::from(*random.pick(&CONTENT_TYPES))
        },
    );
    if random.per_mille(500) {
        put(
            "sha256",
            Value::from(digits(random, "", b"0123456789abcdef", 64)),
        );
    }
    put(
        "size",
        if odd {
            Value::from("unknown")
        } else {
            Value::from(random.below(8_000_000))
        },
    );
    if random.per_mille(100) {
        put(
            "tags",
            Value::from(vec!["urgent", "re\u{301}vise\u{301}", "\"quoted\"\t\\"]),
        );
    }
    if random.per_mille(700) {
        put("title", Value::from(words::title(random, record_type)));
    }
    Value::Object(members)
}

fn digits(random: &mut Random, start: &str, alphabet: &[u8], count: usize) -> String {
    let mut text = String::with_capacity(start.len() + count);
    text.push_str(start);
    text.extend((0..count).map(|_| char::from(*random.pick(alphabet))));
    text
}
