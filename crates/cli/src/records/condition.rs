//! Conditions.

use super::{
    Place, RecordType,
    codes::{Code, administration as adm},
    json::Json,
    practice::Site,
};

const SEVERITIES: [(u64, Option<Code>); 4] = [
    (400, None),
    (300, Some(adm::MILD)),
    (220, Some(adm::MODERATE)),
    (80, Some(adm::SEVERE)),
];

pub(super) fn write(json: &mut Json<'_>, at: &Place<'_>, number: u32) {
    let random = &mut at.random(RecordType::Condition, number);
    let (life, visit) = (at.life, at.visit);
    let diagnosis = &life.diagnoses[number as usize];
    let id = at.id(RecordType::Condition, number);
    let ended = if diagnosis.chronic {
        random.per_mille(60)
    } else {
        random.per_mille(900)
    };
    // con-5: a condition that was entered in error has no clinical status.
    let in_error = random.per_mille(8);
    json.begin(RecordType::Condition, id, random, visit.end);
    if !in_error {
        let status = match (ended, diagnosis.chronic) {
            (true, true) => adm::REMISSION,
            (true, false) => adm::RESOLVED,
            (false, _) => adm::ACTIVE,
        };
        json.concept("clinicalStatus", &status);
    }
    let certainty = if in_error {
        adm::ENTERED_IN_ERROR
    } else {
        random.weighted(&[(930, adm::CONFIRMED), (70, adm::PROVISIONAL)])
    };
    json.concept("verificationStatus", &certainty);
    let category = if diagnosis.chronic {
        adm::PROBLEM_LIST
    } else {
        adm::DIAGNOSIS
    };
    json.concepts("category", &category);
    if let Some(severity) = random.weighted(&SEVERITIES) {
        json.concept("severity", &severity);
    }
    let problem = diagnosis.problem;
    json.worded(
        "code",
        &[&problem.snomed, &problem.icd_10],
        problem.snomed.words(),
    );
    json.reference("subject", RecordType::Patient, life.id);
    let encounter = at.id(RecordType::Encounter, visit.number);
    json.reference("encounter", RecordType::Encounter, encounter);
    let days = if diagnosis.chronic { 900 } else { 12 };
    let onset = visit.start.earlier(random, days).max(life.born);
    json.time("onsetDateTime", onset, life.behind());
    if ended && !in_error {
        let days = if diagnosis.chronic { 2_000 } else { 40 };
        json.time(
            "abatementDateTime",
            visit.end.later(random, days),
            life.behind(),
        );
    }
    json.time("recordedDate", visit.end, life.behind());
    let member = Site::of(at.records, visit.site).member(at.records, visit.member);
    json.named("recorder", RecordType::Practitioner, member.id, &member);
    if random.per_mille(280) {
        let sentences = 1 + random.below(3);
        let remark = life.subject(visit, random).remark(random, sentences);
        json.note(visit.end, life.behind(), &remark);
    }
}
