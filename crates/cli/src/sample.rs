//! Sample data: patients with their records, consents and history, for development and tests.
//!
//! Everything follows from the seed and a row's place, nothing from the clock or the machine: the same number of patients
//! and the same seed give the same bytes everywhere, and more patients add rows without changing any. Rows are made one by
//! one, so memory is constant. The people are made up.

use uuid::Uuid;

use bulk_export_domain::clinical::{ConsentRow, HistoryRow, MedicalRecordRow, PatientRow};

mod consents;
mod copy;
mod history;
mod patients;
pub(crate) mod random;
mod records;
#[cfg(test)]
mod tests;
pub(crate) mod times;
mod words;

pub use copy::CopyText;
use random::Random;

/// The most patients a sample has: what a key has room for.
const MOST_PATIENTS: u64 = 1 << 40;

/// A sample of a given size.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    patients: u64,
    seed: u64,
}

/// What a key or a stream of random numbers is for: equal places in different tables have nothing in common.
#[derive(Clone, Copy)]
enum Kind {
    Patient = 1,
    Record,
    Consent,
    Event,
    Practitioner,
    Organization,
    PatientPlan,
    RecordPlan,
}

impl Sample {
    /// Describes a sample of so many patients; makes nothing yet.
    pub fn new(patients: u64, seed: u64) -> Self {
        Self {
            patients: patients.min(MOST_PATIENTS),
            seed,
        }
    }

    /// The rows of `patients`.
    pub fn patients(&self) -> impl Iterator<Item = PatientRow> + Send + use<> {
        let sample = *self;
        (0..self.patients).map(move |patient| patients::row(&sample, patient))
    }

    /// The rows of `medical_records`: about four a patient, at most forty, often none.
    pub fn records(&self) -> impl Iterator<Item = MedicalRecordRow> + Send + use<> {
        let sample = *self;
        (0..self.patients).flat_map(move |patient| {
            let plan = patients::Plan::of(&sample, patient);
            (0..plan.records).map(move |record| records::row(&sample, &plan, record))
        })
    }

    /// The rows of `medical_record_consents`: about three for two patients.
    pub fn consents(&self) -> impl Iterator<Item = ConsentRow> + Send + use<> {
        let sample = *self;
        (0..self.patients).flat_map(move |patient| {
            let plan = patients::Plan::of(&sample, patient);
            (0..plan.consents).map(move |consent| consents::row(&sample, &plan, consent))
        })
    }

    /// The rows of `medical_history`: about six a patient; each record's begins with its creation.
    pub fn history(&self) -> impl Iterator<Item = HistoryRow> + Send + use<> {
        let sample = *self;
        (0..self.patients).flat_map(move |patient| {
            let plan = patients::Plan::of(&sample, patient);
            (0..plan.records).flat_map(move |record| {
                let record = records::Plan::of(&sample, &plan, record);
                (0..record.events).map(move |event| history::row(&sample, &record, event))
            })
        })
    }

    fn id(&self, kind: Kind, first: u64, second: u32) -> Uuid {
        random::id(self.seed, place(kind, first, second))
    }

    fn random(&self, kind: Kind, first: u64, second: u32) -> Random {
        Random::new(self.seed, place(kind, first, second))
    }

    /// One of the practitioners: a few hundred, and one more for every hundred patients so far.
    fn practitioner(&self, random: &mut Random, patient: u64) -> Uuid {
        self.id(Kind::Practitioner, random.below(300 + patient / 100), 0)
    }

    fn organization(&self, random: &mut Random) -> Uuid {
        self.id(Kind::Organization, random.below(40), 0)
    }
}

/// A number that no other place has.
fn place(kind: Kind, first: u64, second: u32) -> u64 {
    (kind as u64) << 56 | u64::from(second) << 40 | first
}
