//! Allergies and intolerances.

use super::{
    Life, Random, RecordType, Records, Time,
    codes::{
        administration as adm,
        allergens::{ALLERGENS, Allergen, MANIFESTATIONS},
        problems::ACUTE,
    },
    json::Json,
    practice::Site,
    prose::Subject,
};

pub(super) fn write(json: &mut Json<'_>, records: &Records, life: &Life, number: u32) {
    let random = &mut records.random(RecordType::AllergyIntolerance, life.patient, number);
    let id = records.id(RecordType::AllergyIntolerance, life.patient, number);
    let allergen: &Allergen = random.pick(&ALLERGENS);
    let recorded = life.created.later(random, 1_500);
    json.begin(RecordType::AllergyIntolerance, id, random, recorded);
    json.identifier("allergy", random);
    // ait-2: what was entered in error has no clinical status; ait-1: everything else has one.
    let in_error = random.per_mille(10);
    if in_error {
        json.concept("verificationStatus", &adm::ALLERGY_IN_ERROR);
    } else {
        let status = random.weighted(&[(930, adm::ALLERGY_ACTIVE), (70, adm::ALLERGY_RESOLVED)]);
        let certainty = random.weighted(&[
            (850, adm::ALLERGY_CONFIRMED),
            (150, adm::ALLERGY_UNCONFIRMED),
        ]);
        json.concept("clinicalStatus", &status);
        json.concept("verificationStatus", &certainty);
    }
    json.text(
        "type",
        if allergen.allergy {
            "allergy"
        } else {
            "intolerance"
        },
    );
    json.array("category", |json| json.item_text(allergen.category));
    json.text(
        "criticality",
        random.weighted(&[(700, "low"), (200, "high"), (100, "unable-to-assess")]),
    );
    json.worded("code", &[&allergen.code], allergen.code.words());
    json.reference("patient", RecordType::Patient, life.id);
    let onset = recorded.earlier(random, 8_000).max(life.born);
    json.time("onsetDateTime", onset, life.behind());
    json.time("recordedDate", recorded, life.behind());
    let site = Site::of(records, life.home);
    let member = site.member(records, random.below_u32(site.staff));
    json.named("recorder", RecordType::Practitioner, member.id, &member);
    if random.per_mille(350) {
        remark(json, life, recorded, random);
    }
    if random.per_mille(800) {
        json.one("reaction", |json| reaction(json, allergen, random));
    }
}

fn reaction(json: &mut Json<'_>, allergen: &Allergen, random: &mut Random) {
    json.concept("substance", &allergen.code);
    let shown = random.below(2) + 1;
    json.array("manifestation", |json| {
        for _ in 0..shown {
            let manifestation = random.pick(&MANIFESTATIONS);
            json.item(|json| {
                json.codes([manifestation]);
                json.text("text", manifestation.words());
            });
        }
    });
    let severity = random.weighted(&[(600, "mild"), (300, "moderate"), (100, "severe")]);
    json.text("severity", severity);
}

fn remark(json: &mut Json<'_>, life: &Life, time: Time, random: &mut Random) {
    let problem = random.pick(&ACUTE);
    let medicine = random.pick(problem.treatment);
    let remark = Subject { problem, medicine }.remark(random, 1);
    json.note(time, life.behind(), &remark);
}
