//! Sample patients, and what each of them will have.

use uuid::Uuid;

use super::{Kind, Sample, times::Time, words};
use bulk_export_domain::clinical::PatientRow;

/// What the other tables need to know of a patient.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) patient: u64,
    pub(super) id: Uuid,
    pub(super) created: Time,
    pub(super) records: u32,
    pub(super) consents: u32,
}

/// Most patients have a few records, some have none, few have many; four in the mean.
const RECORDS: [(u64, (u32, u32)); 5] = [
    (120, (0, 1)),
    (430, (1, 3)),
    (330, (3, 5)),
    (100, (8, 8)),
    (20, (16, 25)),
];
const CONSENTS: [(u64, u32); 5] = [(250, 0), (330, 1), (220, 2), (130, 3), (70, 5)];

const SEXES: [(u64, Option<&str>); 5] = [
    (470, Some("female")),
    (460, Some("male")),
    (20, Some("other")),
    (20, Some("unknown")),
    (30, None),
];

impl Plan {
    pub(super) fn of(sample: &Sample, patient: u64) -> Self {
        let mut random = sample.random(Kind::PatientPlan, patient, 0);
        let (least, spread) = random.weighted(&RECORDS);
        Self {
            patient,
            id: sample.id(Kind::Patient, patient, 0),
            created: Time::any(&mut random),
            records: least + random.below_u32(spread),
            consents: random.weighted(&CONSENTS),
        }
    }
}

pub(super) fn row(sample: &Sample, patient: u64) -> PatientRow {
    let plan = Plan::of(sample, patient);
    let random = &mut sample.random(Kind::Patient, patient, 0);
    let people = random.pick(words::PEOPLES);
    let first_name = words::given_name(random, people);
    let born = plan.created.earlier(random, 95 * 365);
    PatientRow {
        id: plan.id,
        // The seed's part keeps two samples in one database apart.
        mrn: format!("MRN-{:04X}-{patient:08}", sample.seed & 0xFFFF),
        middle_name: random
            .per_mille(350)
            .then(|| (*random.pick(people.given)).to_owned()),
        last_name: words::family_name(random, people),
        sex: random.weighted(&SEXES).map(str::to_owned),
        date_of_birth: (!random.per_mille(40)).then(|| born.date()),
        phone: random.per_mille(800).then(|| words::phone(random, people)),
        email: random
            .per_mille(650)
            .then(|| format!("patient{}.{patient}@example.org", random.below(100))),
        address: random
            .per_mille(750)
            .then(|| words::address(random, people)),
        created_at: plan.created.utc(),
        updated_at: if random.per_mille(400) {
            plan.created
        } else {
            plan.created.later(random, 4000)
        }
        .utc(),
        first_name,
    }
}
