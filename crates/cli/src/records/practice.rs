//! Organizations with their locations and practitioners. A patient goes to one that was there before it, so a set of
//! records that grows only adds some.

use std::{fmt, ops::Range};

use uuid::Uuid;

use super::{
    Random, RecordType, Records, Stream, Time,
    codes::{Code, administration as adm, reports::SPECIALTIES},
    json::{Decimal, Json},
    names::{self, Name, Town},
};

/// So many patients make room for another organization.
const PATIENTS_EACH: u64 = 250;
/// There are so many from the beginning.
const FIRST: u64 = 2;
/// A patient knows at most so many.
const KNOWN: u64 = 12;

const KINDS: [&str; 12] = [
    "General Hospital",
    "Medical Center",
    "Family Practice",
    "Community Health Center",
    "Memorial Hospital",
    "Primary Care Associates",
    "Urgent Care",
    "Regional Medical Center",
    "Women's and Children's Clinic",
    "Internal Medicine, P.C.",
    "University Hospital",
    "Physicians Group",
];

/// An organization by its place: what others need to know of it.
pub(super) struct Site {
    pub(super) number: u64,
    pub(super) id: Uuid,
    pub(super) town: &'static Town,
    pub(super) staff: u32,
    pub(super) rooms: u32,
    founder: &'static str,
    kind: &'static str,
}

/// A practitioner: what others need to know of it.
pub(super) struct Member {
    pub(super) id: Uuid,
    name: Name,
    female: bool,
    specialty: &'static Code,
}

/// The organizations that are met first with this patient.
pub(super) fn new_with(patient: u64) -> Range<u64> {
    let there = FIRST + patient / PATIENTS_EACH;
    match patient {
        0 => 0..there,
        _ if patient.is_multiple_of(PATIENTS_EACH) => there - 1..there,
        _ => there..there,
    }
}

/// One of the organizations that a patient knows.
pub(super) fn home(random: &mut Random, patient: u64) -> u64 {
    let there = FIRST + patient / PATIENTS_EACH;
    there - 1 - random.below(there.min(KNOWN))
}

impl Site {
    pub(super) fn of(records: &Records, number: u64) -> Self {
        let random = &mut records.stream(Stream::Site, number, 0);
        Self {
            number,
            id: records.id(RecordType::Organization, number, 0),
            town: Town::any(random),
            staff: 3 + random.below_u32(8),
            rooms: 1 + random.below_u32(4),
            founder: Name::common(random, true).family,
            kind: random.word(&KINDS),
        }
    }

    pub(super) fn member(&self, records: &Records, member: u32) -> Member {
        let random = &mut records.stream(Stream::Staff, self.number, member);
        let female = random.per_mille(520);
        Member {
            id: records.id(RecordType::Practitioner, self.number, member),
            name: Name::common(random, female),
            female,
            specialty: random.pick(&SPECIALTIES),
        }
    }

    pub(super) fn room(&self, records: &Records, room: u32) -> Uuid {
        records.id(RecordType::Location, self.number, room)
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.town.name, self.founder, self.kind)
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dr. {} {}", self.name.given, self.name.family)
    }
}

pub(super) fn organization(json: &mut Json<'_>, records: &Records, site: &Site) {
    let random = &mut records.random(RecordType::Organization, site.number, 0);
    let since = Time::any(random);
    json.begin(RecordType::Organization, site.id, random, since);
    json.array("identifier", |json| {
        let value = random.next();
        json.item(|json| json.identify("organization", format_args!("{value:016x}")));
        json.item(|json| {
            json.concept("type", &adm::PROVIDER_NUMBER);
            json.text("system", "http://hl7.org/fhir/sid/us-npi");
            json.text("value", &provider_identifier(random));
        });
    });
    json.flag("active", random.per_mille(970));
    json.array("type", |json| {
        json.item(|json| {
            json.codes([&adm::PROVIDER]);
            json.text("text", "Healthcare Provider");
        });
    });
    json.plain("name", format_args!("{site}"));
    json.array("telecom", |json| {
        for system in ["phone", "fax"] {
            json.item(|json| {
                json.text("system", system);
                json.text("value", &names::phone(random, site.town));
                json.text("use", "work");
            });
        }
    });
    json.array("address", |json| {
        json.item(|json| json.address("work", &names::street(random), site.town, random));
    });
    json.one("contact", |json| {
        let purpose = random.pick(&[adm::CONTACT_ADMINISTRATION, adm::CONTACT_BILLING]);
        let female = random.per_mille(500);
        json.concept("purpose", purpose);
        json.object("name", |json| {
            json.human_name("usual", &Name::common(random, female), None);
        });
        json.one("telecom", |json| {
            json.text("system", "email");
            json.plain("value", format_args!("office{}@example.org", site.number));
        });
    });
}

pub(super) fn location(json: &mut Json<'_>, records: &Records, site: &Site, room: u32) {
    let random = &mut records.random(RecordType::Location, site.number, room);
    let since = Time::any(random);
    let (kind, form, name) = *random.pick(&[
        (adm::PRIMARY_CARE_CLINIC, adm::ROOM, "Examination Room"),
        (
            adm::OUTPATIENT_FACILITY,
            adm::BUILDING,
            "Outpatient Building",
        ),
        (adm::EMERGENCY_ROOM, adm::ROOM, "Emergency Room"),
        (adm::HOSPITAL, adm::WARD, "Ward"),
        (adm::DIAGNOSTICS_UNIT, adm::ROOM, "Diagnostic Unit"),
    ]);
    json.begin(
        RecordType::Location,
        site.room(records, room),
        random,
        since,
    );
    json.identifier("location", random);
    json.text("status", "active");
    json.plain("name", format_args!("{site}, {name} {}", room + 1));
    json.plain(
        "description",
        format_args!(
            "{name} {} of {site}, floor {}",
            room + 1,
            random.below(9) + 1
        ),
    );
    json.text("mode", "instance");
    json.concepts("type", &kind);
    json.one("telecom", |json| {
        json.text("system", "phone");
        json.text("value", &names::phone(random, site.town));
        json.text("use", "work");
    });
    json.object("address", |json| {
        json.address("work", &names::street(random), site.town, random);
    });
    json.concept("physicalType", &form);
    json.object("position", |json| {
        let (longitude, latitude) = position(random, site.town);
        json.decimal("longitude", longitude);
        json.decimal("latitude", latitude);
    });
    json.named(
        "managingOrganization",
        RecordType::Organization,
        site.id,
        site,
    );
}

pub(super) fn practitioner(json: &mut Json<'_>, records: &Records, site: &Site, number: u32) {
    let member = site.member(records, number);
    let random = &mut records.random(RecordType::Practitioner, site.number, number);
    let since = Time::any(random);
    json.begin(RecordType::Practitioner, member.id, random, since);
    json.array("identifier", |json| {
        json.item(|json| {
            json.concept("type", &adm::PROVIDER_NUMBER);
            json.text("system", "http://hl7.org/fhir/sid/us-npi");
            json.text("value", &provider_identifier(random));
        });
        let value = random.next();
        json.item(|json| json.identify("practitioner", format_args!("{value:016x}")));
    });
    json.flag("active", random.per_mille(950));
    json.array("name", |json| {
        json.item(|json| json.human_name("official", &member.name, Some("Dr.")));
    });
    json.array("telecom", |json| {
        json.item(|json| {
            json.text("system", "email");
            json.plain(
                "value",
                format_args!("staff{}.{number}@example.org", site.number),
            );
            json.text("use", "work");
        });
        json.item(|json| {
            json.text("system", "phone");
            json.text("value", &names::phone(random, site.town));
            json.text("use", "work");
        });
    });
    json.array("address", |json| {
        json.item(|json| json.address("work", &names::street(random), site.town, random));
    });
    json.text("gender", if member.female { "female" } else { "male" });
    json.one("qualification", |json| {
        json.one("identifier", |json| {
            json.identify(
                "license",
                format_args!("{}-{:06}", site.town.state, random.below(1_000_000)),
            );
        });
        json.worded("code", &[member.specialty], member.specialty.words());
        let since = since.earlier(random, 40 * 365);
        json.object("period", |json| json.date("start", since));
        json.named("issuer", RecordType::Organization, site.id, site);
    });
}

/// A point in or near a town: longitude and latitude.
pub(super) fn position(random: &mut Random, town: &Town) -> (Decimal, Decimal) {
    let mut near = |hundredths: i64| {
        let off = i64::try_from(random.below(400_000)).unwrap_or_default() - 200_000;
        Decimal::new(hundredths * 10_000 + off, 6)
    };
    let (north, east) = town.position;
    (near(east), near(north))
}

fn provider_identifier(random: &mut Random) -> String {
    format!("1{:09}", random.below(1_000_000_000))
}
