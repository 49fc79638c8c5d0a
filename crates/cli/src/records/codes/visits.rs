//! Kinds of visit, and what each of them leads to.

use super::{Code, administration as adm, loinc, snomed};

/// A kind of visit.
#[derive(Debug)]
pub(in crate::records) struct VisitKind {
    pub(in crate::records) class: Code,
    pub(in crate::records) code: Code,
    /// How long it takes at least, and at most how much longer, in minutes.
    pub(in crate::records) minutes: (i64, i64),
    /// How often vital signs are taken, in a thousand.
    pub(in crate::records) vitals: u64,
    /// How often questions are asked: smoking, depression, pain, living.
    pub(in crate::records) surveys: u64,
    /// How often one laboratory panel is asked for, how often a second one, how often a third.
    pub(in crate::records) panels: [u64; 3],
    pub(in crate::records) imaging: u64,
    /// How many of each there are, by weight.
    pub(in crate::records) conditions: &'static [(u64, u32)],
    pub(in crate::records) medicines: &'static [(u64, u32)],
    pub(in crate::records) procedures: &'static [(u64, u32)],
    pub(in crate::records) vaccines: &'static [(u64, u32)],
    pub(in crate::records) documents: &'static [(u64, u32)],
    /// The title of its note.
    pub(in crate::records) note: Code,
}

/// Kinds of visit by weight.
pub(in crate::records) const VISITS: &[(u64, &VisitKind)] = &[
    (340, &CHECK_UP),
    (240, &SYMPTOM),
    (170, &FOLLOW_UP),
    (90, &URGENT),
    (80, &TELEMEDICINE),
    (50, &EMERGENCY),
    (30, &ADMISSION),
];

const CHECK_UP: VisitKind = VisitKind {
    class: adm::AMBULATORY,
    code: snomed("162673000", "General examination of patient (procedure)"),
    minutes: (15, 45),
    vitals: 960,
    surveys: 480,
    panels: [400, 300, 120],
    imaging: 30,
    conditions: &[(720, 0), (230, 1), (50, 2)],
    medicines: &[(680, 0), (250, 1), (70, 2)],
    procedures: &[(430, 0), (330, 1), (170, 2), (70, 3)],
    vaccines: &[(380, 0), (300, 1), (190, 2), (90, 3), (40, 5)],
    documents: &[(600, 0), (400, 1)],
    note: loinc("34117-2", "History and physical note"),
};

const SYMPTOM: VisitKind = VisitKind {
    class: adm::AMBULATORY,
    code: snomed("185345009", "Encounter for symptom (procedure)"),
    minutes: (15, 30),
    vitals: 560,
    surveys: 80,
    panels: [170, 180, 80],
    imaging: 60,
    conditions: &[(280, 0), (620, 1), (100, 2)],
    medicines: &[(480, 0), (400, 1), (120, 2)],
    procedures: &[(640, 0), (280, 1), (80, 2)],
    vaccines: &[(960, 0), (40, 1)],
    documents: &[(580, 0), (420, 1)],
    note: loinc("11506-3", "Progress note"),
};

const FOLLOW_UP: VisitKind = VisitKind {
    class: adm::AMBULATORY,
    code: snomed("390906007", "Follow-up encounter (procedure)"),
    minutes: (10, 30),
    vitals: 620,
    surveys: 120,
    panels: [280, 230, 100],
    imaging: 40,
    conditions: &[(860, 0), (140, 1)],
    medicines: &[(470, 0), (390, 1), (140, 2)],
    procedures: &[(640, 0), (280, 1), (80, 2)],
    vaccines: &[(930, 0), (70, 1)],
    documents: &[(620, 0), (380, 1)],
    note: loinc("11506-3", "Progress note"),
};

const URGENT: VisitKind = VisitKind {
    class: adm::AMBULATORY,
    code: snomed("702927004", "Urgent care clinic (environment)"),
    minutes: (15, 60),
    vitals: 720,
    surveys: 40,
    panels: [150, 180, 100],
    imaging: 180,
    conditions: &[(150, 0), (750, 1), (100, 2)],
    medicines: &[(300, 0), (500, 1), (200, 2)],
    procedures: &[(450, 0), (400, 1), (150, 2)],
    vaccines: &[(980, 0), (20, 1)],
    documents: &[(600, 0), (400, 1)],
    note: loinc("11506-3", "Progress note"),
};

const TELEMEDICINE: VisitKind = VisitKind {
    class: adm::VIRTUAL,
    code: snomed(
        "448337001",
        "Telemedicine consultation with patient (procedure)",
    ),
    minutes: (8, 25),
    vitals: 0,
    surveys: 350,
    panels: [0, 0, 0],
    imaging: 0,
    conditions: &[(600, 0), (400, 1)],
    medicines: &[(450, 0), (450, 1), (100, 2)],
    procedures: &[(850, 0), (150, 1)],
    vaccines: &[(1, 0)],
    documents: &[(550, 0), (450, 1)],
    note: loinc("11488-4", "Consult note"),
};

const EMERGENCY: VisitKind = VisitKind {
    class: adm::EMERGENCY,
    code: snomed("50849002", "Emergency room admission (procedure)"),
    minutes: (45, 420),
    vitals: 950,
    surveys: 150,
    panels: [620, 550, 300],
    imaging: 420,
    conditions: &[(100, 0), (700, 1), (200, 2)],
    medicines: &[(250, 0), (450, 1), (300, 3)],
    procedures: &[(200, 0), (400, 1), (300, 2), (100, 4)],
    vaccines: &[(950, 0), (50, 1)],
    documents: &[(250, 0), (650, 1), (100, 2)],
    note: loinc("34111-5", "Emergency department Note"),
};

const ADMISSION: VisitKind = VisitKind {
    class: adm::INPATIENT,
    code: snomed("32485007", "Hospital admission (procedure)"),
    minutes: (1_440, 12_000),
    vitals: 1000,
    surveys: 400,
    panels: [950, 850, 650],
    imaging: 550,
    conditions: &[(50, 0), (600, 1), (250, 2), (100, 4)],
    medicines: &[(100, 1), (400, 3), (350, 5), (150, 8)],
    procedures: &[(100, 0), (400, 1), (350, 3), (150, 6)],
    vaccines: &[(950, 0), (50, 1)],
    documents: &[(500, 1), (350, 2), (150, 4)],
    note: loinc("18842-5", "Discharge summary"),
};
