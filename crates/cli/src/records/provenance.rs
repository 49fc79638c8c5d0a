//! Provenances: of what a visit left behind, and of whole records that came from elsewhere.

use super::{
    Life, Place, Random, RecordType, Records, Time,
    codes::{Code, administration as adm},
    json::Json,
    practice::Site,
};

/// One record's import names at most so many of its resources.
const MOST_TARGETS: usize = 400;

/// What a visit's provenance may name, besides the encounter.
const OF_VISIT: [RecordType; 6] = [
    RecordType::Condition,
    RecordType::Observation,
    RecordType::DiagnosticReport,
    RecordType::MedicationRequest,
    RecordType::Procedure,
    RecordType::DocumentReference,
];

pub(super) fn of_visit(json: &mut Json<'_>, at: &Place<'_>, number: u32) {
    let random = &mut at.random(RecordType::Provenance, number);
    let visit = at.visit;
    let id = at.id(RecordType::Provenance, number);
    let recorded = visit.end.later(random, 2);
    // Some tell of one kind of result, some of the whole visit.
    let only = random.per_mille(500).then(|| *random.pick(&OF_VISIT));
    json.begin(RecordType::Provenance, id, random, recorded);
    json.array("target", |json| {
        json.item(|json| json.refer(RecordType::Patient, at.life.id));
        let encounter = at.id(RecordType::Encounter, visit.number);
        json.item(|json| json.refer(RecordType::Encounter, encounter));
        for of in OF_VISIT
            .into_iter()
            .filter(|of| only.is_none_or(|only| only == *of))
        {
            for number in visit.numbers(of) {
                json.item(|json| json.refer(of, at.id(of, number)));
            }
        }
    });
    json.period(
        "occurredPeriod",
        visit.start,
        Some(visit.end),
        at.life.behind(),
    );
    let site = Site::of(at.records, visit.site);
    let activity = random.weighted(&[(700, adm::CREATE), (300, adm::UPDATE)]);
    let author = random.weighted(&[(800, adm::AUTHOR), (200, adm::ENTERER)]);
    about(json, recorded, &activity);
    let member = site.member(at.records, visit.member);
    json.array("agent", |json| {
        json.item(|json| {
            json.worded("type", &[&author], author.display);
            json.named("who", RecordType::Practitioner, member.id, &member);
            json.named("onBehalfOf", RecordType::Organization, site.id, &site);
        });
        custodian(json, &site, random);
    });
}

pub(super) fn of_import(json: &mut Json<'_>, records: &Records, life: &Life) {
    let number = life.count(RecordType::Provenance);
    let random = &mut records.random(RecordType::Provenance, life.patient, number);
    let id = records.id(RecordType::Provenance, life.patient, number);
    let last = life.visits.last().map_or(life.created, |visit| visit.end);
    let recorded = last.later(random, 30);
    json.begin(RecordType::Provenance, id, random, recorded);
    json.array("target", |json| {
        json.item(|json| json.refer(RecordType::Patient, life.id));
        let everything = OF_VISIT
            .into_iter()
            .chain([RecordType::Encounter, RecordType::Immunization])
            .flat_map(|of| (0..life.count(of)).map(move |number| (of, number)));
        for (of, number) in everything.take(MOST_TARGETS) {
            let id = records.id(of, life.patient, number);
            json.item(|json| json.refer(of, id));
        }
    });
    json.time("occurredDateTime", recorded, life.behind());
    let site = Site::of(records, life.home);
    about(json, recorded, &adm::CREATE);
    json.array("agent", |json| {
        json.item(|json| {
            json.worded("type", &[&adm::TRANSMITTER], adm::TRANSMITTER.display);
            json.named("who", RecordType::Organization, site.id, &site);
        });
        custodian(json, &site, random);
    });
}

fn about(json: &mut Json<'_>, recorded: Time, activity: &Code) {
    json.instant("recorded", recorded);
    json.concepts("reason", &adm::TREATMENT);
    json.worded("activity", &[activity], activity.display);
}

fn custodian(json: &mut Json<'_>, site: &Site, random: &mut Random) {
    if random.per_mille(400) {
        json.item(|json| {
            json.worded("type", &[&adm::CUSTODIAN], adm::CUSTODIAN.display);
            json.named("who", RecordType::Organization, site.id, site);
        });
    }
}
