//! Observations: vital signs, tests of the laboratory, and answers.

use super::{
    Place, Random, RecordType, Time,
    codes::{
        Code, administration as adm,
        measures::{Body, DIASTOLIC, Outcome, PRESSURE, SYSTOLIC, Scale},
    },
    json::{Decimal, Json},
    life,
    practice::Site,
};

pub(super) fn write(json: &mut Json<'_>, at: &Place<'_>, number: u32) {
    let random = &mut at.random(RecordType::Observation, number);
    let (life, visit) = (at.life, at.visit);
    let measure = life.measures[number as usize];
    let id = at.id(RecordType::Observation, number);
    let is_test = measure.category == adm::LABORATORY;
    let taken = visit.start.plus_minutes(1).later(random, 1).min(visit.end);
    let issued = if is_test {
        taken.later(random, 3)
    } else {
        taken
    };
    json.begin(RecordType::Observation, id, random, issued);
    json.text(
        "status",
        random.weighted(&[(955, "final"), (30, "amended"), (15, "corrected")]),
    );
    json.concepts("category", &measure.category);
    json.worded("code", &[&measure.code], measure.code.display);
    json.reference("subject", RecordType::Patient, life.id);
    let encounter = at.id(RecordType::Encounter, visit.number);
    json.reference("encounter", RecordType::Encounter, encounter);
    json.time("effectiveDateTime", taken, life.behind());
    json.instant("issued", issued);
    performer(json, at, is_test);
    // obs-6: what has no value has a reason for that, and nothing has both.
    if random.per_mille(8) {
        let why = random.pick(&[adm::ASKED_DECLINED, adm::NOT_PERFORMED]);
        json.concept("dataAbsentReason", why);
    } else {
        value(json, &measure.result, &visit.body, random);
    }
    if random.per_mille(45) {
        remark(json, at, random, issued);
    }
}

fn performer(json: &mut Json<'_>, at: &Place<'_>, is_test: bool) {
    let site = Site::of(at.records, at.visit.site);
    json.array("performer", |json| {
        if is_test {
            json.item(|json| json.refer(RecordType::Organization, site.id));
        } else {
            let member = site.member(at.records, at.visit.member);
            json.item(|json| json.refer(RecordType::Practitioner, member.id));
        }
    });
}

fn value(json: &mut Json<'_>, result: &Outcome, body: &life::Body, random: &mut Random) {
    match result {
        Outcome::Within(scale) => measured(json, scale, middling(random, scale.low, scale.high)),
        Outcome::Body(of, scale) => {
            let value = match of {
                Body::Height => body.height,
                Body::Weight => body.weight,
                Body::MassIndex => body.mass_index,
            };
            measured(json, scale, value);
        }
        Outcome::Pressures => {
            json.array("component", |json| {
                component(json, &SYSTOLIC, body.systolic, (90, 130));
                component(json, &DIASTOLIC, body.diastolic, (60, 85));
            });
        }
        Outcome::Answer(answers) => {
            let answer = random.weighted(answers);
            json.worded("valueCodeableConcept", &[&answer], answer.words());
        }
        Outcome::Questions(questions) => {
            json.array("component", |json| {
                for (question, answers) in *questions {
                    let answer = random.weighted(answers);
                    json.item(|json| {
                        json.worded("code", &[question], question.display);
                        json.worded("valueCodeableConcept", &[&answer], answer.words());
                    });
                }
            });
        }
    }
}

fn measured(json: &mut Json<'_>, scale: &Scale, value: i64) {
    let decimal = |digits| Decimal::new(digits, scale.places);
    json.quantity("valueQuantity", decimal(value), scale.unit);
    if let Some(reference) = scale.reference {
        interpretation(json, value, reference);
        json.one("referenceRange", |json| {
            for (name, bound) in [("low", reference.0), ("high", reference.1)] {
                json.object(name, |json| {
                    json.decimal("value", decimal(bound));
                    json.text("unit", scale.unit.0);
                });
            }
        });
    }
}

fn component(json: &mut Json<'_>, code: &Code, value: i64, reference: (i64, i64)) {
    json.item(|json| {
        json.worded("code", &[code], code.display);
        json.quantity("valueQuantity", Decimal::new(value, 0), PRESSURE);
        interpretation(json, value, reference);
    });
}

/// Only what lies outside of its range is told.
fn interpretation(json: &mut Json<'_>, value: i64, (low, high): (i64, i64)) {
    if value < low {
        json.concepts("interpretation", &adm::LOW);
    } else if value > high {
        json.concepts("interpretation", &adm::HIGH);
    }
}

/// A number between two bounds, mostly in the middle.
fn middling(random: &mut Random, low: i64, high: i64) -> i64 {
    let spread = (high - low + 1).unsigned_abs();
    let sum = random.below(spread) + random.below(spread) + random.below(spread);
    low + i64::try_from(sum / 3).unwrap_or_default()
}

fn remark(json: &mut Json<'_>, at: &Place<'_>, random: &mut Random, time: Time) {
    let sentences = 1 + random.below(2);
    let remark = at.life.subject(at.visit, random).remark(random, sentences);
    json.note(time, at.life.behind(), &remark);
}
