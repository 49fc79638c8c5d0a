//! FHIR's data types, written as other servers write them.

use std::fmt;

use chrono::{Datelike, Timelike};
use uuid::Uuid;

use super::{
    Random, RecordType, Time,
    codes::{Code, UCUM, Unit},
    json::{Decimal, Json},
    names::{Name, Town},
};

/// The URL that this data's own identifiers stand below.
pub(super) const OWN: &str = "https://records.example.org";

pub(super) const MILLILITER: Unit = Unit("mL", "mL");

impl Json<'_> {
    /// What every resource begins with.
    pub(super) fn begin(&mut self, of: RecordType, id: Uuid, random: &mut Random, since: Time) {
        self.text("resourceType", of.as_str());
        self.id("id", id);
        let days = if random.per_mille(850) { 1 } else { 400 };
        let updated = since.later(random, days);
        let source = random.next();
        self.object("meta", |json| {
            json.text("versionId", "1");
            json.instant("lastUpdated", updated);
            json.plain("source", format_args!("#{source:016x}"));
            // The type's own definition: every valid resource satisfies it.
            json.array("profile", |json| {
                json.item_plain(format_args!(
                    "http://hl7.org/fhir/StructureDefinition/{}",
                    of.as_str()
                ));
            });
        });
    }

    /// A time to the millisecond, in UTC.
    pub(super) fn instant(&mut self, name: &str, time: Time) {
        let time = time.utc();
        let mut digits = *b"0000-00-00T00:00:00.000Z";
        date_and_time(&mut digits[..19], time.naive_utc());
        put(&mut digits[20..23], time.timestamp_subsec_millis());
        self.digits(name, &digits);
    }

    /// A time to the second where it was, so many hours behind UTC.
    pub(super) fn time(&mut self, name: &str, time: Time, behind: i64) {
        let time = time.plus_minutes(-60 * behind).utc();
        let mut digits = *b"0000-00-00T00:00:00-00:00";
        date_and_time(&mut digits[..19], time.naive_utc());
        put(
            &mut digits[20..22],
            u32::try_from(behind).unwrap_or_default(),
        );
        self.digits(name, &digits);
    }

    pub(super) fn date(&mut self, name: &str, time: Time) {
        let mut digits = *b"0000-00-00T00:00:00";
        date_and_time(&mut digits, time.utc().naive_utc());
        self.digits(name, &digits[..10]);
    }

    pub(super) fn period(&mut self, name: &str, start: Time, end: Option<Time>, behind: i64) {
        self.object(name, |json| {
            json.time("start", start, behind);
            if let Some(end) = end {
                json.time("end", end, behind);
            }
        });
    }

    fn digits(&mut self, name: &str, digits: &[u8]) {
        self.text(
            name,
            str::from_utf8(digits).expect("digits and signs are ASCII"),
        );
    }

    /// The members of a Coding.
    pub(super) fn code(&mut self, code: &Code) {
        self.text("system", code.system);
        self.text("code", code.value);
        self.text("display", code.display);
    }

    /// A Coding.
    pub(super) fn coding(&mut self, name: &str, code: &Code) {
        self.object(name, |json| json.code(code));
    }

    /// The members of a `CodeableConcept` of some codings.
    pub(super) fn codes<'c>(&mut self, codes: impl IntoIterator<Item = &'c Code>) {
        self.array("coding", |json| {
            for code in codes {
                json.item(|json| json.code(code));
            }
        });
    }

    /// A `CodeableConcept` of one coding.
    pub(super) fn concept(&mut self, name: &str, code: &Code) {
        self.object(name, |json| json.codes([code]));
    }

    /// A `CodeableConcept` of some codings, and what is meant in words.
    pub(super) fn worded(&mut self, name: &str, codes: &[&Code], text: &str) {
        self.object(name, |json| {
            json.codes(codes.iter().copied());
            json.text("text", text);
        });
    }

    /// An array of one `CodeableConcept` of one coding.
    pub(super) fn concepts(&mut self, name: &str, code: &Code) {
        self.one(name, |json| json.codes([code]));
    }

    pub(super) fn reference(&mut self, name: &str, to: RecordType, id: Uuid) {
        self.object(name, |json| json.refer(to, id));
    }

    /// The member of a Reference.
    pub(super) fn refer(&mut self, to: RecordType, id: Uuid) {
        self.target("reference", to.as_str(), id);
    }

    /// A Reference that tells the name of what it leads to; the name needs no escapes.
    pub(super) fn named(
        &mut self,
        name: &str,
        to: RecordType,
        id: Uuid,
        display: impl fmt::Display,
    ) {
        self.object(name, |json| json.refer_named(to, id, display));
    }

    /// The members of a Reference that tells the name of what it leads to.
    pub(super) fn refer_named(&mut self, to: RecordType, id: Uuid, display: impl fmt::Display) {
        self.refer(to, id);
        self.plain("display", format_args!("{display}"));
    }

    pub(super) fn quantity(&mut self, name: &str, value: Decimal, unit: Unit) {
        self.object(name, |json| {
            json.decimal("value", value);
            json.text("unit", unit.0);
            json.text("system", UCUM);
            json.text("code", unit.1);
        });
    }

    /// The members of an Identifier of this data's own; its value needs no escapes.
    pub(super) fn identify(&mut self, what: &str, value: fmt::Arguments<'_>) {
        self.plain("system", format_args!("{OWN}/{what}"));
        self.plain("value", value);
    }

    /// An array of one Identifier of this data's own: a UUID of its place.
    pub(super) fn identifier(&mut self, what: &str, random: &mut Random) {
        let value = (random.next(), random.next());
        self.one("identifier", |json| {
            json.identify(what, format_args!("{:016x}{:016x}", value.0, value.1));
        });
    }

    /// An Extension's members.
    pub(super) fn extension(&mut self, url: &str, value: impl FnOnce(&mut Self)) {
        self.item(|json| {
            json.text("url", url);
            value(json);
        });
    }

    /// An array of one Annotation.
    pub(super) fn note(&mut self, time: Time, behind: i64, text: &str) {
        self.one("note", |json| {
            json.time("time", time, behind);
            json.text("text", text);
        });
    }
}

/// People and places.
impl Json<'_> {
    /// The members of an Address.
    pub(super) fn address(&mut self, used: &str, street: &str, town: &Town, random: &mut Random) {
        self.text("use", used);
        self.text("type", "both");
        self.array("line", |json| json.item_text(street));
        self.text("city", town.name);
        self.text("district", town.county);
        self.text("state", town.state);
        self.plain(
            "postalCode",
            format_args!("{}{:02}", town.postal, random.below(100)),
        );
        self.text("country", "US");
    }

    /// The members of a `HumanName`.
    pub(super) fn human_name(&mut self, used: &str, name: &Name, prefix: Option<&str>) {
        self.text("use", used);
        self.text("family", name.family);
        self.array("given", |json| {
            json.item_text(name.given);
            if name.middle != name.given {
                json.item_text(name.middle);
            }
        });
        if let Some(prefix) = prefix {
            self.array("prefix", |json| json.item_text(prefix));
        }
    }
}

/// Writes a date and a time over `0000-00-00T00:00:00`.
fn date_and_time(digits: &mut [u8], time: chrono::NaiveDateTime) {
    put(
        &mut digits[..4],
        u32::try_from(time.year()).unwrap_or_default(),
    );
    put(&mut digits[5..7], time.month());
    put(&mut digits[8..10], time.day());
    put(&mut digits[11..13], time.hour());
    put(&mut digits[14..16], time.minute());
    put(&mut digits[17..19], time.second());
}

/// Writes a number right-aligned over the zeros of `place`.
fn put(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}
