//! What is observed outside of the laboratory: vital signs, scores, and answers.

use super::{
    Code, Unit,
    administration::{SOCIAL_HISTORY, SURVEY, VITAL_SIGNS},
    loinc, snomed,
};

/// Something that can be observed.
#[derive(Debug)]
pub(in crate::records) struct Measure {
    pub(in crate::records) category: Code,
    pub(in crate::records) code: Code,
    pub(in crate::records) result: Outcome,
}

/// What an observation ends with.
#[derive(Debug)]
pub(in crate::records) enum Outcome {
    /// A measurement that lies between two bounds, mostly in the middle.
    Within(Scale),
    /// A measurement that follows from the patient.
    Body(Body, Scale),
    /// Two pressures.
    Pressures,
    /// One of some answers, by weight.
    Answer(&'static [(u64, Code)]),
    /// Questions with their answers.
    Questions(&'static [(Code, &'static [(u64, Code)])]),
}

/// What of the patient a measurement follows from.
#[derive(Clone, Copy, Debug)]
pub(in crate::records) enum Body {
    Height,
    Weight,
    MassIndex,
}

/// A scale: values from `low` to `high` in units of its last digit, and the reference range where there is one.
#[derive(Debug)]
pub(in crate::records) struct Scale {
    pub(in crate::records) unit: Unit,
    pub(in crate::records) places: u32,
    pub(in crate::records) low: i64,
    pub(in crate::records) high: i64,
    pub(in crate::records) reference: Option<(i64, i64)>,
}

pub(super) const fn scale(unit: Unit, places: u32, low: i64, high: i64) -> Scale {
    Scale {
        unit,
        places,
        low,
        high,
        reference: None,
    }
}

const fn within(category: Code, code: Code, scale: Scale) -> Measure {
    Measure {
        category,
        code,
        result: Outcome::Within(scale),
    }
}

pub(in crate::records) const PRESSURE: Unit = Unit("mm[Hg]", "mm[Hg]");
pub(in crate::records) const SYSTOLIC: Code = loinc("8480-6", "Systolic blood pressure");
pub(in crate::records) const DIASTOLIC: Code = loinc("8462-4", "Diastolic blood pressure");

const SCORE: Unit = Unit("{score}", "{score}");

/// In the order in which they are taken; a visit takes the first few.
pub(in crate::records) static VITALS: [Measure; 8] = [
    Measure {
        category: VITAL_SIGNS,
        code: loinc("85354-9", "Blood pressure panel with all children optional"),
        result: Outcome::Pressures,
    },
    within(
        VITAL_SIGNS,
        loinc("8867-4", "Heart rate"),
        scale(Unit("/min", "/min"), 0, 48, 112),
    ),
    within(
        VITAL_SIGNS,
        loinc("9279-1", "Respiratory rate"),
        scale(Unit("/min", "/min"), 0, 11, 22),
    ),
    Measure {
        category: VITAL_SIGNS,
        code: loinc("29463-7", "Body weight"),
        result: Outcome::Body(Body::Weight, scale(Unit("kg", "kg"), 1, 25, 2_000)),
    },
    Measure {
        category: VITAL_SIGNS,
        code: loinc("8302-2", "Body height"),
        result: Outcome::Body(Body::Height, scale(Unit("cm", "cm"), 1, 450, 2_050)),
    },
    Measure {
        category: VITAL_SIGNS,
        code: loinc("39156-5", "Body mass index (BMI) [Ratio]"),
        result: Outcome::Body(
            Body::MassIndex,
            scale(Unit("kg/m2", "kg/m2"), 2, 1_100, 5_200),
        ),
    },
    within(
        VITAL_SIGNS,
        loinc("8310-5", "Body temperature"),
        scale(Unit("Cel", "Cel"), 1, 358, 385),
    ),
    within(
        VITAL_SIGNS,
        loinc("2708-6", "Oxygen saturation in Arterial blood"),
        scale(Unit("%", "%"), 0, 91, 100),
    ),
];

const YES: Code = loinc("LA33-6", "Yes");
const NO: Code = loinc("LA32-8", "No");
const YES_OR_NO: &[(u64, Code)] = &[(150, YES), (850, NO)];

pub(in crate::records) const SMOKING: Measure = Measure {
    category: SOCIAL_HISTORY,
    code: loinc("72166-2", "Tobacco smoking status"),
    result: Outcome::Answer(&[
        (600, snomed("266919005", "Never smoked tobacco (finding)")),
        (260, snomed("8517006", "Ex-smoker (finding)")),
        (140, snomed("449868002", "Smokes tobacco daily (finding)")),
    ]),
};

/// What is asked for, by weight.
pub(in crate::records) static SURVEYS: [(u64, &Measure); 6] = [
    (260, &PAIN),
    (200, &DEPRESSION_2),
    (130, &DEPRESSION_9),
    (150, &ANXIETY),
    (120, &ALCOHOL),
    (140, &LIVING),
];

const PAIN: Measure = within(
    SURVEY,
    loinc(
        "72514-3",
        "Pain severity - 0-10 verbal numeric rating [Score] - Reported",
    ),
    scale(SCORE, 0, 0, 10),
);

const DEPRESSION_2: Measure = within(
    SURVEY,
    loinc(
        "55758-7",
        "Patient Health Questionnaire 2 item (PHQ-2) total score [Reported]",
    ),
    scale(SCORE, 0, 0, 6),
);

const DEPRESSION_9: Measure = within(
    SURVEY,
    loinc(
        "44261-6",
        "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]",
    ),
    scale(SCORE, 0, 0, 27),
);

const ANXIETY: Measure = within(
    SURVEY,
    loinc(
        "70274-6",
        "Generalized anxiety disorder 7 item (GAD-7) total score [Reported.PHQ]",
    ),
    scale(SCORE, 0, 0, 21),
);

const ALCOHOL: Measure = within(
    SURVEY,
    loinc("75626-2", "Total score [AUDIT-C]"),
    scale(SCORE, 0, 0, 12),
);

const LIVING: Measure = Measure {
    category: SURVEY,
    code: loinc(
        "93025-5",
        "Protocol for Responding to and Assessing Patients' Assets, Risks, and Experiences [PRAPARE]",
    ),
    result: Outcome::Questions(&[
        (
            loinc("56051-6", "Do you consider yourself Hispanic/Latino"),
            YES_OR_NO,
        ),
        (
            loinc(
                "93035-4",
                "At any point in the past 2 years, has season or migrant farm work been your or your family's main source of income",
            ),
            YES_OR_NO,
        ),
        (
            loinc(
                "93034-7",
                "Have you been discharged from the armed forces of the United States",
            ),
            YES_OR_NO,
        ),
        (
            loinc("71802-3", "Housing status"),
            &[
                (940, loinc("LA30189-7", "I have housing")),
                (
                    60,
                    loinc(
                        "LA30190-5",
                        "I do not have housing (staying with others, in a hotel, in a shelter, living outside on the street, on a beach, in a car, or in a park)",
                    ),
                ),
            ],
        ),
        (
            loinc("93033-9", "Are you worried about losing your housing"),
            YES_OR_NO,
        ),
        (
            loinc(
                "93038-8",
                "Stress is when someone feels tense, nervous, anxious or can't sleep at night because their mind is troubled. How stressed are you",
            ),
            &[
                (350, loinc("LA6568-5", "Not at all")),
                (300, loinc("LA13863-8", "A little bit")),
                (200, loinc("LA13909-9", "Somewhat")),
                (100, loinc("LA13902-4", "Quite a bit")),
                (50, loinc("LA13914-9", "Very much")),
            ],
        ),
    ]),
};
