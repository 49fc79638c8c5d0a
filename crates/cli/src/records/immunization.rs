//! Immunizations.

use super::{
    Place, RecordType,
    codes::{
        administration as adm,
        vaccines::{ANY_AGE, GROWN, MAKERS, Vaccine, YOUNG},
    },
    elements::MILLILITER,
    json::{Decimal, Json},
    practice::Site,
};

pub(super) fn write(json: &mut Json<'_>, at: &Place<'_>, number: u32) {
    let random = &mut at.random(RecordType::Immunization, number);
    let (life, visit) = (at.life, at.visit);
    let id = at.id(RecordType::Immunization, number);
    let is_child = visit.start.days_since(life.born) < 18 * 365;
    let vaccines: &[Vaccine] = match random.below(10) {
        0..6 => &ANY_AGE,
        _ if is_child => &YOUNG,
        _ => &GROWN,
    };
    let vaccine = random.pick(vaccines);
    let site = Site::of(at.records, visit.site);
    let member = site.member(at.records, visit.member);
    let given = visit.start.plus_minutes(3).later(random, 1).min(visit.end);
    json.begin(RecordType::Immunization, id, random, visit.end);
    json.text(
        "status",
        random.weighted(&[(985, "completed"), (15, "entered-in-error")]),
    );
    json.worded("vaccineCode", &[&vaccine.code], vaccine.code.display);
    json.reference("patient", RecordType::Patient, life.id);
    let encounter = at.id(RecordType::Encounter, visit.number);
    json.reference("encounter", RecordType::Encounter, encounter);
    json.time("occurrenceDateTime", given, life.behind());
    json.time("recorded", visit.end, life.behind());
    json.flag("primarySource", true);
    let room = site.room(at.records, visit.room);
    json.named("location", RecordType::Location, room, &site);
    json.object("manufacturer", |json| {
        json.text("display", random.word(&MAKERS));
    });
    json.plain("lotNumber", format_args!("{:06X}", random.below(1 << 24)));
    json.date("expirationDate", given.plus_days(30).later(random, 500));
    let route = random.pick(&[adm::INJECTED_INTO_MUSCLE, adm::INJECTED_UNDER_SKIN]);
    json.concept("route", route);
    json.quantity("doseQuantity", Decimal::new(vaccine.volume, 2), MILLILITER);
    json.one("performer", |json| {
        json.concept("function", &adm::ADMINISTERING);
        json.named("actor", RecordType::Practitioner, member.id, &member);
    });
    let in_series = vaccine.doses > 1;
    if !in_series {
        return;
    }
    json.one("protocolApplied", |json| {
        let dose = random.below_u32(vaccine.doses) + 1;
        json.number("doseNumberPositiveInt", i64::from(dose));
        json.number("seriesDosesPositiveInt", i64::from(vaccine.doses));
    });
}
