//! Procedures.

use super::{
    Place, RecordType,
    codes::{
        Code, administration as adm,
        procedures::{BODY_SITES, LARGE, PARTLY_SUCCESSFUL, SMALL, SUCCESSFUL},
    },
    json::Json,
    practice::Site,
};

const OUTCOMES: [(u64, Option<Code>); 3] = [
    (450, None),
    (500, Some(SUCCESSFUL)),
    (50, Some(PARTLY_SUCCESSFUL)),
];

pub(super) fn write(json: &mut Json<'_>, at: &Place<'_>, number: u32) {
    let random = &mut at.random(RecordType::Procedure, number);
    let (life, visit) = (at.life, at.visit);
    let id = at.id(RecordType::Procedure, number);
    let in_hospital = visit.kind.class == adm::INPATIENT || visit.kind.class == adm::EMERGENCY;
    let code: &Code = if in_hospital && random.per_mille(550) {
        random.pick(&LARGE)
    } else {
        random.pick(&SMALL)
    };
    let site = Site::of(at.records, visit.site);
    let member = site.member(at.records, visit.member);
    json.begin(RecordType::Procedure, id, random, visit.end);
    json.identifier("procedure", random);
    let status = random.weighted(&[(970, "completed"), (20, "not-done"), (10, "stopped")]);
    json.text("status", status);
    json.worded("code", &[code], code.words());
    json.reference("subject", RecordType::Patient, life.id);
    let encounter = at.id(RecordType::Encounter, visit.number);
    json.reference("encounter", RecordType::Encounter, encounter);
    let from = visit.start.plus_minutes(2).later(random, 1).min(visit.end);
    let minutes = i64::try_from(random.below(90)).unwrap_or_default() + 1;
    let until = from.plus_minutes(minutes);
    json.period("performedPeriod", from, Some(until), life.behind());
    json.one("performer", |json| {
        json.named("actor", RecordType::Practitioner, member.id, &member);
        json.named("onBehalfOf", RecordType::Organization, site.id, &site);
    });
    let room = site.room(at.records, visit.room);
    json.named("location", RecordType::Location, room, &site);
    if let Some(about) = visit.about.filter(|_| random.per_mille(700)) {
        let problem = life.diagnoses[about as usize].problem.snomed;
        json.one("reasonReference", |json| {
            let id = at.id(RecordType::Condition, about);
            json.refer_named(RecordType::Condition, id, problem.words());
        });
    }
    if random.per_mille(300) {
        json.concepts("bodySite", random.pick(&BODY_SITES));
    }
    if let Some(outcome) = random.weighted(&OUTCOMES) {
        json.worded("outcome", &[&outcome], outcome.words());
    }
    if random.per_mille(250) {
        let sentences = 1 + random.below(4);
        let remark = life.subject(visit, random).remark(random, sentences);
        json.note(until, life.behind(), &remark);
    }
}
