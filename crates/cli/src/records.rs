//! Records like those of real servers: patients with all that is recorded of them, as FHIR R4 resources of sixteen types,
//! one line of JSON each.
//!
//! Everything follows from the seed and a resource's place, nothing from the clock or the machine: the same number of
//! patients and the same seed give the same bytes everywhere, and more patients add lines without changing any. One
//! patient is thought up at a time, so memory is constant. The people are made up.
//!
//! It claims no profile but the resources' own, and knows nothing of databases.

use uuid::Uuid;

use crate::sample::{
    random::{self, Random},
    times::Time,
};

mod allergy_intolerance;
mod codes;
mod condition;
mod consent;
mod diagnostic_report;
mod document_reference;
mod elements;
mod encounter;
mod group;
mod immunization;
mod json;
mod life;
mod medication_request;
mod names;
mod observation;
mod patient;
mod practice;
mod procedure;
mod prose;
mod provenance;
#[cfg(test)]
mod tests;
mod types;

use json::Json;
use life::{Life, Visit};
pub use types::RecordType;

/// The most patients: what a key has room for.
const MOST_PATIENTS: u64 = 1 << 40;

/// A set of records of a given size.
#[derive(Clone, Copy, Debug)]
pub struct Records {
    patients: u64,
    seed: u64,
}

/// Takes resources.
pub trait Sink {
    /// What the next resource of this type is appended to as one line, its line feed included; none if it is not wanted.
    fn next(&mut self, of: RecordType) -> Option<&mut Vec<u8>>;
}

/// What a stream of random numbers is for, besides the resources themselves.
#[derive(Clone, Copy)]
enum Stream {
    Life = 1,
    Visit,
    Site,
    Staff,
    Member,
}

impl Records {
    /// Describes a set of so many patients; makes nothing yet.
    pub fn new(patients: u64, seed: u64) -> Self {
        Self {
            patients: patients.min(MOST_PATIENTS),
            seed,
        }
    }

    /// How many patients there are.
    pub fn patients(&self) -> u64 {
        self.patients
    }

    /// Writes what comes with a patient, the first being 0: organizations that are met for the first time, with their
    /// places and people; the patient and everything recorded of it; and the group that is complete with it.
    pub fn write(&self, patient: u64, sink: &mut impl Sink) {
        for organization in practice::new_with(patient) {
            self.practice(organization, sink);
        }
        let life = Life::of(self, patient);
        self.life(&life, sink);
        if let Some(group) = group::complete_with(patient) {
            line(sink, RecordType::Group, |json| group.write(json, self));
        }
    }

    fn practice(&self, organization: u64, sink: &mut impl Sink) {
        let site = practice::Site::of(self, organization);
        line(sink, RecordType::Organization, |json| {
            practice::organization(json, self, &site);
        });
        for room in 0..site.rooms {
            line(sink, RecordType::Location, |json| {
                practice::location(json, self, &site, room);
            });
        }
        for member in 0..site.staff {
            line(sink, RecordType::Practitioner, |json| {
                practice::practitioner(json, self, &site, member);
            });
        }
    }

    fn life(&self, life: &Life, sink: &mut impl Sink) {
        line(sink, RecordType::Patient, |json| {
            patient::write(json, self, life);
        });
        for number in 0..life.allergies {
            line(sink, RecordType::AllergyIntolerance, |json| {
                allergy_intolerance::write(json, self, life, number);
            });
        }
        for number in 0..life.consents {
            line(sink, RecordType::Consent, |json| {
                consent::write(json, self, life, number);
            });
        }
        for visit in &life.visits {
            self.visit(life, visit, sink);
        }
        if life.imported {
            line(sink, RecordType::Provenance, |json| {
                provenance::of_import(json, self, life);
            });
        }
    }

    fn visit(&self, life: &Life, visit: &Visit, sink: &mut impl Sink) {
        let at = Place {
            records: self,
            life,
            visit,
        };
        for (of, write) in WRITERS {
            for number in visit.numbers(of) {
                line(sink, of, |json| write(json, &at, number));
            }
        }
    }

    fn id(&self, of: RecordType, first: u64, second: u32) -> Uuid {
        random::id(self.seed, place(of as u64 + RESOURCES, first, second))
    }

    /// The numbers that a resource is made of.
    fn random(&self, of: RecordType, first: u64, second: u32) -> Random {
        Random::new(self.seed, place(of as u64 + RESOURCES, first, second))
    }

    fn stream(&self, stream: Stream, first: u64, second: u32) -> Random {
        Random::new(self.seed, place(stream as u64 + STREAMS, first, second))
    }
}

type Writer = fn(&mut Json<'_>, &Place<'_>, u32);

/// What a visit leaves behind, in an order in which nothing is referred to before it is there but the conditions that an
/// encounter is about.
const WRITERS: [(RecordType, Writer); 9] = [
    (RecordType::Encounter, encounter::write),
    (RecordType::Condition, condition::write),
    (RecordType::Observation, observation::write),
    (RecordType::DiagnosticReport, diagnostic_report::write),
    (RecordType::MedicationRequest, medication_request::write),
    (RecordType::Procedure, procedure::write),
    (RecordType::Immunization, immunization::write),
    (RecordType::DocumentReference, document_reference::write),
    (RecordType::Provenance, provenance::of_visit),
];

/// Where a resource of a visit stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    records: &'a Records,
    life: &'a Life,
    visit: &'a Visit,
}

impl Place<'_> {
    fn id(&self, of: RecordType, number: u32) -> Uuid {
        self.records.id(of, self.life.patient, number)
    }

    fn random(&self, of: RecordType, number: u32) -> Random {
        self.records.random(of, self.life.patient, number)
    }
}

fn line(sink: &mut impl Sink, of: RecordType, write: impl FnOnce(&mut Json<'_>)) {
    if let Some(out) = sink.next(of) {
        Json::line(out, write);
    }
}

/// Where the kinds of resources begin among the kinds of places: the clinical rows' kinds lie below.
const RESOURCES: u64 = 64;
const STREAMS: u64 = 128;

/// A number that no other place has.
fn place(kind: u64, first: u64, second: u32) -> u64 {
    kind << 56 | u64::from(second) << 40 | first
}
