//! Patients.

use super::{
    Life, Random, RecordType, Records,
    codes::{Code, administration as adm},
    elements::OWN,
    json::Json,
    names::{self, Name},
    practice::{Site, position},
};

const CORE: &str = "http://hl7.org/fhir/us/core/StructureDefinition";
const RACES: &str = "urn:oid:2.16.840.1.113883.6.238";

const ETHNICITIES: [(u64, Code); 2] = [
    (820, Code::new(RACES, "2186-5", "Not Hispanic or Latino")),
    (180, Code::new(RACES, "2135-2", "Hispanic or Latino")),
];
const RACE: [(u64, Code); 5] = [
    (680, Code::new(RACES, "2106-3", "White")),
    (150, Code::new(RACES, "2054-5", "Black or African American")),
    (100, Code::new(RACES, "2028-9", "Asian")),
    (
        20,
        Code::new(RACES, "1002-5", "American Indian or Alaska Native"),
    ),
    (50, Code::new(RACES, "2131-1", "Other Race")),
];
const LANGUAGES: [(u64, Code); 5] = [
    (
        800,
        Code::new("urn:ietf:bcp:47", "en-US", "English (United States)"),
    ),
    (130, Code::new("urn:ietf:bcp:47", "es", "Spanish")),
    (30, Code::new("urn:ietf:bcp:47", "zh", "Chinese")),
    (20, Code::new("urn:ietf:bcp:47", "vi", "Vietnamese")),
    (20, Code::new("urn:ietf:bcp:47", "ar", "Arabic")),
];
const MARITAL: [(u64, Code); 4] = [
    (480, adm::MARRIED),
    (350, adm::NEVER_MARRIED),
    (110, adm::DIVORCED),
    (60, adm::WIDOWED),
];

pub(super) fn write(json: &mut Json<'_>, records: &Records, life: &Life) {
    let random = &mut records.random(RecordType::Patient, life.patient, 0);
    json.begin(RecordType::Patient, life.id, random, life.created);
    narrative(json, life);
    json.array("extension", |json| extensions(json, life, random));
    json.array("identifier", |json| {
        identifiers(json, records, life, random);
    });
    json.flag("active", life.died.is_none());
    let prefix = if life.female { "Ms." } else { "Mr." };
    json.array("name", |json| {
        json.item(|json| json.human_name("official", &life.name, Some(prefix)));
        if life.female && random.per_mille(350) {
            let before = Name {
                family: Name::common(random, true).family,
                ..life.name
            };
            json.item(|json| json.human_name("maiden", &before, Some(prefix)));
        }
    });
    json.array("telecom", |json| {
        telecom(json, "phone", "home", &names::phone(random, life.town));
        if random.per_mille(600) {
            telecom(json, "phone", "mobile", &names::phone(random, life.town));
        }
        if random.per_mille(550) {
            let mail = format!("patient{}.{}@example.org", random.below(100), life.patient);
            telecom(json, "email", "home", &mail);
        }
    });
    json.text("gender", if life.female { "female" } else { "male" });
    json.date("birthDate", life.born);
    if let Some(died) = life.died {
        json.time("deceasedDateTime", died, life.behind());
    }
    json.one("address", |json| home(json, life, random));
    let marital = random.weighted(&MARITAL);
    json.worded("maritalStatus", &[&marital], marital.display);
    json.flag("multipleBirthBoolean", random.per_mille(30));
    if random.per_mille(250) {
        json.one("contact", |json| contact(json, life, random));
    }
    let language = random.weighted(&LANGUAGES);
    json.one("communication", |json| {
        json.worded("language", &[&language], language.display);
        json.flag("preferred", true);
    });
    let site = Site::of(records, life.home);
    let member = site.member(records, random.below_u32(site.staff));
    json.array("generalPractitioner", |json| {
        json.item(|json| json.refer_named(RecordType::Practitioner, member.id, &member));
    });
    json.named(
        "managingOrganization",
        RecordType::Organization,
        site.id,
        &site,
    );
}

fn narrative(json: &mut Json<'_>, life: &Life) {
    let gender = if life.female { "female" } else { "male" };
    let text = format!(
        "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p><b>{} {}</b>, {gender}, born {}, of {}, {}</p></div>",
        life.name.given,
        life.name.family,
        life.born.date(),
        life.town.name,
        life.town.state
    );
    json.object("text", |json| {
        json.text("status", "generated");
        json.text("div", &text);
    });
}

fn extensions(json: &mut Json<'_>, life: &Life, random: &mut Random) {
    let race = random.weighted(&RACE);
    let ethnicity = random.weighted(&ETHNICITIES);
    for (kind, code) in [("race", &race), ("ethnicity", &ethnicity)] {
        json.item(|json| {
            json.plain("url", format_args!("{CORE}/us-core-{kind}"));
            json.array("extension", |json| {
                json.extension("ombCategory", |json| json.coding("valueCoding", code));
                json.extension("text", |json| json.text("valueString", code.display));
            });
        });
    }
    json.extension(
        "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName",
        |json| {
            let mother = Name::common(random, true);
            json.plain(
                "valueString",
                format_args!("{} {}", mother.given, mother.family),
            );
        },
    );
    json.item(|json| {
        json.plain("url", format_args!("{CORE}/us-core-birthsex"));
        json.text("valueCode", if life.female { "F" } else { "M" });
    });
}

fn identifiers(json: &mut Json<'_>, records: &Records, life: &Life, random: &mut Random) {
    json.item(|json| {
        json.text("use", "usual");
        json.concept("type", &adm::RECORD_NUMBER);
        // The seed's part keeps two sets of records in one database apart.
        let set = records.seed & 0xFFFF;
        json.identify("mrn", format_args!("{set:04X}-{:09}", life.patient));
    });
    json.item(|json| {
        json.concept("type", &adm::BENEFICIARY);
        json.text("system", "http://hl7.org/fhir/sid/us-ssn");
        // Numbers that begin with 999 belong to nobody.
        json.plain(
            "value",
            format_args!(
                "999-{:02}-{:04}",
                random.below(90) + 10,
                random.below(10_000)
            ),
        );
    });
    if random.per_mille(650) {
        json.item(|json| {
            json.concept("type", &adm::DRIVERS_LICENSE);
            json.text("system", "urn:oid:2.16.840.1.113883.4.3.25");
            json.plain("value", format_args!("S999{:05}", random.below(100_000)));
        });
    }
    if random.per_mille(300) {
        json.item(|json| {
            json.concept("type", &adm::PASSPORT);
            json.plain("system", format_args!("{OWN}/passport"));
            json.plain("value", format_args!("X{:08}X", random.below(100_000_000)));
        });
    }
}

fn telecom(json: &mut Json<'_>, system: &str, used: &str, value: &str) {
    json.item(|json| {
        json.text("system", system);
        json.text("value", value);
        json.text("use", used);
    });
}

fn home(json: &mut Json<'_>, life: &Life, random: &mut Random) {
    json.array("extension", |json| {
        json.item(|json| {
            json.text("url", "http://hl7.org/fhir/StructureDefinition/geolocation");
            let (longitude, latitude) = position(random, life.town);
            json.array("extension", |json| {
                json.extension("latitude", |json| json.decimal("valueDecimal", latitude));
                json.extension("longitude", |json| json.decimal("valueDecimal", longitude));
            });
        });
    });
    json.address("home", &names::street(random), life.town, random);
    let since = life.created.earlier(random, 3_000).max(life.born);
    json.object("period", |json| json.date("start", since));
}

fn contact(json: &mut Json<'_>, life: &Life, random: &mut Random) {
    let female = random.per_mille(500);
    let relationship = random.pick(&[adm::NEXT_OF_KIN, adm::EMERGENCY_CONTACT]);
    let mut name = Name::common(random, female);
    if random.per_mille(600) {
        name.family = life.name.family;
    }
    json.concepts("relationship", relationship);
    json.object("name", |json| json.human_name("usual", &name, None));
    json.array("telecom", |json| {
        telecom(json, "phone", "mobile", &names::phone(random, life.town));
    });
    json.text("gender", if female { "female" } else { "male" });
}
