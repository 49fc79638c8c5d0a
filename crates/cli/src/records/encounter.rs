//! Encounters: visits themselves.

use super::{
    Place, Random, RecordType,
    codes::{Code, administration as adm},
    json::Json,
    practice::Site,
};

pub(super) fn write(json: &mut Json<'_>, at: &Place<'_>, number: u32) {
    let random = &mut at.random(RecordType::Encounter, number);
    let visit = at.visit;
    let id = at.id(RecordType::Encounter, number);
    let site = Site::of(at.records, visit.site);
    let in_hospital = visit.kind.class == adm::INPATIENT;
    json.begin(RecordType::Encounter, id, random, visit.end);
    json.one("identifier", |json| {
        json.text("use", "official");
        json.identify(
            "visit",
            format_args!("{:012}", random.below(1_000_000_000_000)),
        );
    });
    json.text(
        "status",
        if random.per_mille(985) {
            "finished"
        } else {
            "entered-in-error"
        },
    );
    json.coding("class", &visit.kind.class);
    json.one("type", |json| {
        json.codes([&visit.kind.code]);
        json.text("text", visit.kind.code.words());
    });
    json.reference("subject", RecordType::Patient, at.life.id);
    json.array("participant", |json| participants(json, at, &site, random));
    json.period("period", visit.start, Some(visit.end), at.life.behind());
    reasons(json, at);
    if in_hospital {
        json.object("hospitalization", |json| hospitalization(json, random));
    }
    json.one("location", |json| {
        let room = site.room(at.records, visit.room);
        json.named("location", RecordType::Location, room, &site);
        json.text("status", "completed");
    });
    json.named("serviceProvider", RecordType::Organization, site.id, &site);
}

fn participants(json: &mut Json<'_>, at: &Place<'_>, site: &Site, random: &mut Random) {
    let visit = at.visit;
    let mut participant = |role: &Code, member: u32| {
        let member = site.member(at.records, member);
        json.item(|json| {
            json.concepts("type", role);
            json.named("individual", RecordType::Practitioner, member.id, &member);
        });
    };
    participant(&adm::PERFORMER, visit.member);
    if visit.kind.class != adm::AMBULATORY && random.per_mille(500) {
        participant(&adm::ATTENDER, random.below_u32(site.staff));
    }
}

/// What the visit is about: a condition that it found, or one that was known before.
fn reasons(json: &mut Json<'_>, at: &Place<'_>) {
    let Some(about) = at.visit.about else {
        return;
    };
    let problem = at.life.diagnoses[about as usize].problem;
    json.one("reasonCode", |json| {
        json.codes([&problem.snomed]);
        json.text("text", problem.snomed.words());
    });
    let found = at.visit.numbers(RecordType::Condition);
    json.array("diagnosis", |json| {
        for (rank, condition) in (1..).zip(if found.is_empty() {
            about..about + 1
        } else {
            found
        }) {
            let role = match (at.visit.kind.class, rank) {
                (adm::INPATIENT, 1) => adm::ADMISSION_DIAGNOSIS,
                (adm::INPATIENT, _) => adm::DISCHARGE_DIAGNOSIS,
                _ => adm::CHIEF_COMPLAINT,
            };
            json.item(|json| {
                let id = at.id(RecordType::Condition, condition);
                json.reference("condition", RecordType::Condition, id);
                json.concept("use", &role);
                json.number("rank", rank);
            });
        }
    });
}

fn hospitalization(json: &mut Json<'_>, random: &mut Random) {
    let from = random.pick(&[adm::FROM_EMERGENCY, adm::FROM_PRACTITIONER]);
    let to = random.weighted(&[
        (800, adm::TO_HOME),
        (120, adm::TO_NURSING),
        (80, adm::TO_REHABILITATION),
    ]);
    json.concept("admitSource", from);
    json.concept("dischargeDisposition", &to);
}
