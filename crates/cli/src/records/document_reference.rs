//! Document references: the notes of a visit, held inside.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    Place, Random, RecordType, Time,
    codes::{
        administration as adm,
        reports::{
            CLINIC, CLINICAL_NOTE, EMERGENCY_MEDICINE, GENERAL_MEDICINE, HOSPITAL, NOTES,
            SUFFICIENT,
        },
    },
    json::Json,
    practice::Site,
    prose::Subject,
};

pub(super) fn write(json: &mut Json<'_>, at: &Place<'_>, number: u32) {
    let random = &mut at.random(RecordType::DocumentReference, number);
    let (life, visit) = (at.life, at.visit);
    let id = at.id(RecordType::DocumentReference, number);
    // A visit's first document is its own note.
    let is_note = number == visit.numbers(RecordType::DocumentReference).start;
    let code = if is_note {
        &visit.kind.note
    } else {
        random.pick(&NOTES)
    };
    let written = visit.end.later(random, 2);
    let site = Site::of(at.records, visit.site);
    let author = site.member(at.records, visit.member);
    json.begin(RecordType::DocumentReference, id, random, written);
    json.identifier("document", random);
    let status = random.weighted(&[
        (960, "current"),
        (30, "superseded"),
        (10, "entered-in-error"),
    ]);
    json.text("status", status);
    let finished = random.weighted(&[(900, "final"), (70, "amended"), (30, "preliminary")]);
    json.text("docStatus", finished);
    json.worded("type", &[code], code.display);
    json.concepts("category", &CLINICAL_NOTE);
    json.reference("subject", RecordType::Patient, life.id);
    json.instant("date", written);
    json.array("author", |json| {
        json.item(|json| json.refer_named(RecordType::Practitioner, author.id, &author));
    });
    json.named("custodian", RecordType::Organization, site.id, &site);
    let label = random.weighted(&[(960, adm::NORMAL_CONFIDENTIALITY), (40, adm::RESTRICTED)]);
    json.concepts("securityLabel", &label);
    let subject = life.subject(visit, random);
    json.one("content", |json| {
        json.object("attachment", |json| {
            let length = if is_note { (0, 3) } else { (0, 2) };
            attachment(json, &subject, length, code.display, written, random);
        });
        json.coding("format", &SUFFICIENT);
    });
    json.object("context", |json| context(json, at));
}

fn context(json: &mut Json<'_>, at: &Place<'_>) {
    let (life, visit) = (at.life, at.visit);
    let encounter = at.id(RecordType::Encounter, visit.number);
    let (facility, setting) = match visit.kind.class {
        adm::INPATIENT => (&HOSPITAL, &GENERAL_MEDICINE),
        adm::EMERGENCY => (&HOSPITAL, &EMERGENCY_MEDICINE),
        _ => (&CLINIC, &GENERAL_MEDICINE),
    };
    json.array("encounter", |json| {
        json.item(|json| json.refer(RecordType::Encounter, encounter));
    });
    json.period("period", visit.start, Some(visit.end), life.behind());
    json.concept("facilityType", facility);
    json.concept("practiceSetting", setting);
    json.reference("sourcePatientInfo", RecordType::Patient, life.id);
}

/// The members of an Attachment that holds a note; each heading of it has so many sentences.
pub(super) fn attachment(
    json: &mut Json<'_>,
    subject: &Subject,
    sentences: (u64, u64),
    title: &str,
    written: Time,
    random: &mut Random,
) {
    let mut note = String::with_capacity(2048);
    subject.note(random, sentences, &mut note);
    json.text("contentType", "text/plain; charset=utf-8");
    json.text("language", "en-US");
    json.text("data", &STANDARD.encode(&note));
    json.number("size", i64::try_from(note.len()).unwrap_or_default());
    json.text("title", title);
    json.instant("creation", written);
}
