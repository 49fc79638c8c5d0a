//! Sample consents.

use super::{Kind, Sample, patients, times::Time};
use bulk_export_domain::clinical::ConsentRow;

const STATUSES: [(u64, &str); 4] = [
    (120, "pending"),
    (550, "granted"),
    (170, "revoked"),
    (160, "expired"),
];

pub(super) fn row(sample: &Sample, of: &patients::Plan, consent: u32) -> ConsentRow {
    let random = &mut sample.random(Kind::Consent, of.patient, consent);
    let status = random.weighted(&STATUSES);
    let created = of.created.later(random, 3000);
    let granted = (status != "pending").then(|| created.later(random, 3));
    // A consent may still be called granted after its expiry: the platform sweeps now and then.
    let expires = match granted {
        Some(granted) if status == "expired" => Some(granted.later(random, 700)),
        Some(granted) if random.per_mille(700) => {
            Some(granted.plus_days(i64::from(random.below_u32(700)) + 1))
        }
        _ => None,
    };
    let whom = random.below(100);
    ConsentRow {
        id: sample.id(Kind::Consent, of.patient, consent),
        patient_id: of.id,
        medical_record_id: (of.records > 0 && random.per_mille(650))
            .then(|| sample.id(Kind::Record, of.patient, random.below_u32(of.records))),
        shared_with_practitioner: (whom < 75).then(|| sample.practitioner(random, of.patient)),
        shared_with_organization: (65..98)
            .contains(&whom)
            .then(|| sample.organization(random)),
        status: status.to_owned(),
        granted_at: granted.map(Time::utc),
        expires_at: expires.map(Time::utc),
        created_at: created.utc(),
        updated_at: granted.unwrap_or(created).later(random, 400).utc(),
    }
}
