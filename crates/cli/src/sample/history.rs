//! Sample history: a record's events, its creation first.

use super::{Kind, Sample, records, words};
use bulk_export_domain::clinical::HistoryRow;

const EVENTS: [(u64, &str); 5] = [
    (300, "updated"),
    (400, "viewed"),
    (150, "shared"),
    (100, "amended"),
    (50, "archived"),
];

pub(super) fn row(sample: &Sample, of: &records::Plan, event: u32) -> HistoryRow {
    let place = of.record << 4 | event;
    let random = &mut sample.random(Kind::Event, of.patient, place);
    let last = event + 1 == of.events;
    let event_type = match of.status {
        _ if event == 0 => "created",
        "deleted" if last => "deleted",
        "archived" if last => "archived",
        _ => random.weighted(&EVENTS),
    };
    let happened = if event == 0 {
        of.created
    } else {
        of.created.later(random, 900)
    };
    HistoryRow {
        id: sample.id(Kind::Event, of.patient, place),
        patient_id: of.patient_id,
        medical_record_id: of.id,
        event_type: event_type.to_owned(),
        event_description: random
            .per_mille(600)
            .then(|| words::event(random, event_type)),
        performed_by: random
            .per_mille(850)
            .then(|| sample.practitioner(random, of.patient)),
        created_at: happened.utc(),
    }
}
