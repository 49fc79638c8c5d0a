//! Consents.

use super::{
    Life, RecordType, Records,
    codes::{administration as adm, reports::CONSENT_DOCUMENT},
    json::Json,
    practice::Site,
};

pub(super) fn write(json: &mut Json<'_>, records: &Records, life: &Life, number: u32) {
    let random = &mut records.random(RecordType::Consent, life.patient, number);
    let id = records.id(RecordType::Consent, life.patient, number);
    let given = life.created.later(random, 2_500);
    let site = Site::of(records, life.home);
    let status = random.weighted(&[
        (720, "active"),
        (130, "inactive"),
        (80, "proposed"),
        (50, "rejected"),
        (20, "entered-in-error"),
    ]);
    json.begin(RecordType::Consent, id, random, given);
    json.identifier("consent", random);
    json.text("status", status);
    let scope = random.weighted(&[(900, adm::PRIVACY), (100, adm::RESEARCH_SCOPE)]);
    json.worded("scope", &[&scope], scope.display);
    json.array("category", |json| {
        json.item(|json| json.codes([&CONSENT_DOCUMENT]));
        json.item(|json| json.codes([&adm::DISCLOSURE]));
    });
    json.reference("patient", RecordType::Patient, life.id);
    json.time("dateTime", given, life.behind());
    json.array("performer", |json| {
        json.item(|json| json.refer(RecordType::Patient, life.id));
    });
    json.array("organization", |json| {
        json.item(|json| json.refer_named(RecordType::Organization, site.id, &site));
    });
    json.worded(
        "policyRule",
        &[&adm::OPT_IN],
        "Sharing is permitted as far as is said here",
    );
    json.one("verification", |json| {
        json.flag("verified", random.per_mille(850));
        json.time("verificationDate", given, life.behind());
    });
    json.object("provision", |json| {
        json.text("type", random.weighted(&[(850, "permit"), (150, "deny")]));
        let until = given.plus_days(30 + i64::from(random.below_u32(1_500)));
        json.period("period", given, Some(until), life.behind());
        let actors = random.below_u32(site.staff.min(3)) + 1;
        json.array("actor", |json| {
            for member in 0..actors {
                let member = site.member(records, member);
                json.item(|json| {
                    json.concept("role", &adm::RECIPIENT);
                    json.named("reference", RecordType::Practitioner, member.id, &member);
                });
            }
        });
        let purposes = [
            adm::TREATMENT,
            adm::OPERATIONS,
            adm::RESEARCH,
            adm::PATIENT_REQUEST,
        ];
        let purpose = random.pick(&purposes);
        json.one("purpose", |json| json.code(purpose));
    });
}
