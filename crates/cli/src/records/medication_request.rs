//! Prescriptions.

use super::{
    Place, Random, RecordType,
    codes::{administration as adm, medicines::Medicine},
    json::{Decimal, Json},
    practice::Site,
};

pub(super) fn write(json: &mut Json<'_>, at: &Place<'_>, number: u32) {
    let random = &mut at.random(RecordType::MedicationRequest, number);
    let (life, visit) = (at.life, at.visit);
    let id = at.id(RecordType::MedicationRequest, number);
    let medicine = life.subject(visit, random).medicine;
    let lasting = medicine.days == 0;
    let status = if lasting {
        random.weighted(&[
            (520, "active"),
            (360, "stopped"),
            (100, "completed"),
            (20, "cancelled"),
        ])
    } else {
        random.weighted(&[
            (80, "active"),
            (860, "completed"),
            (40, "stopped"),
            (20, "cancelled"),
        ])
    };
    json.begin(RecordType::MedicationRequest, id, random, visit.end);
    json.text("status", status);
    json.text("intent", "order");
    let category = match visit.kind.class {
        adm::INPATIENT if random.per_mille(600) => adm::MEDICINE_INPATIENT,
        adm::INPATIENT => adm::MEDICINE_DISCHARGE,
        _ => adm::MEDICINE_OUTPATIENT,
    };
    json.concepts("category", &category);
    json.worded(
        "medicationCodeableConcept",
        &[&medicine.code],
        medicine.code.display,
    );
    json.reference("subject", RecordType::Patient, life.id);
    let encounter = at.id(RecordType::Encounter, visit.number);
    json.reference("encounter", RecordType::Encounter, encounter);
    json.time("authoredOn", visit.end, life.behind());
    let member = Site::of(at.records, visit.site).member(at.records, visit.member);
    json.named("requester", RecordType::Practitioner, member.id, &member);
    if let Some(about) = visit.about {
        let problem = life.diagnoses[about as usize].problem.snomed;
        json.one("reasonReference", |json| {
            let id = at.id(RecordType::Condition, about);
            json.refer_named(RecordType::Condition, id, problem.words());
        });
    }
    if random.per_mille(200) {
        let remark = life.subject(visit, random).remark(random, 1);
        json.note(visit.end, life.behind(), &remark);
    }
    json.one("dosageInstruction", |json| dosage(json, medicine, random));
    json.object("dispenseRequest", |json| dispense(json, medicine, random));
    json.object("substitution", |json| {
        json.flag("allowedBoolean", random.per_mille(850));
    });
}

fn dosage(json: &mut Json<'_>, medicine: &Medicine, random: &mut Random) {
    let dose = i64::try_from(random.below(2)).unwrap_or_default() + 1;
    json.number("sequence", 1);
    if medicine.daily == 0 {
        json.plain("text", format_args!("{dose} {} as needed", medicine.dose.0));
        json.flag("asNeededBoolean", true);
    } else {
        json.plain(
            "text",
            format_args!(
                "{dose} {}, {} a day",
                medicine.dose.0,
                times(medicine.daily)
            ),
        );
        json.object("timing", |json| {
            json.object("repeat", |json| {
                json.number("frequency", i64::from(medicine.daily));
                json.number("period", 1);
                json.text("periodUnit", "d");
            });
        });
        json.flag("asNeededBoolean", false);
    }
    json.concept("route", &adm::SWALLOWED);
    json.one("doseAndRate", |json| {
        json.quantity("doseQuantity", Decimal::new(dose, 0), medicine.dose);
    });
}

fn dispense(json: &mut Json<'_>, medicine: &Medicine, random: &mut Random) {
    let days = if medicine.days == 0 {
        30
    } else {
        medicine.days
    };
    let refills = if medicine.days == 0 {
        random.below(6)
    } else {
        0
    };
    json.number(
        "numberOfRepeatsAllowed",
        i64::try_from(refills).unwrap_or_default(),
    );
    let quantity = Decimal::new(i64::from(days * medicine.daily.max(1)), 0);
    json.quantity("quantity", quantity, medicine.dose);
    json.object("expectedSupplyDuration", |json| {
        json.number("value", i64::from(days));
        json.text("unit", "days");
        json.text("system", "http://unitsofmeasure.org");
        json.text("code", "d");
    });
}

fn times(daily: u32) -> &'static str {
    match daily {
        1 => "once",
        2 => "twice",
        3 => "three times",
        _ => "four times",
    }
}
