//! Medicines in `RxNorm`, by what they are given for.

use super::{Code, Unit, rxnorm};
use crate::records::elements::MILLILITER;

/// A medicine and how it is taken.
#[derive(Debug)]
pub(in crate::records) struct Medicine {
    pub(in crate::records) code: Code,
    /// What one dose is counted in.
    pub(in crate::records) dose: Unit,
    /// How often a day; 0 for as needed.
    pub(in crate::records) daily: u32,
    /// Days of one prescription; 0 for as long as needed.
    pub(in crate::records) days: u32,
}

const TABLET: Unit = Unit("tablet", "{tbl}");
const CAPSULE: Unit = Unit("capsule", "{capsule}");
const PUFF: Unit = Unit("puff", "{puff}");
const UNITS: Unit = Unit("unit", "U");

const fn medicine(
    code: &'static str,
    display: &'static str,
    dose: Unit,
    daily: u32,
    days: u32,
) -> Medicine {
    Medicine {
        code: rxnorm(code, display),
        dose,
        daily,
        days,
    }
}

pub(in crate::records) const BLOOD_PRESSURE: &[Medicine] = &[
    medicine("314076", "lisinopril 10 MG Oral Tablet", TABLET, 1, 0),
    medicine("314077", "lisinopril 20 MG Oral Tablet", TABLET, 1, 0),
    medicine("308136", "amlodipine 2.5 MG Oral Tablet", TABLET, 1, 0),
    medicine("197361", "amlodipine 5 MG Oral Tablet", TABLET, 1, 0),
    medicine(
        "310798",
        "hydrochlorothiazide 25 MG Oral Tablet",
        TABLET,
        1,
        0,
    ),
    medicine(
        "979492",
        "losartan potassium 50 MG Oral Tablet",
        TABLET,
        1,
        0,
    ),
];

pub(in crate::records) const HEART: &[Medicine] = &[
    medicine("243670", "aspirin 81 MG Oral Tablet", TABLET, 1, 0),
    medicine("309362", "clopidogrel 75 MG Oral Tablet", TABLET, 1, 0),
    medicine(
        "866412",
        "24 HR metoprolol succinate 100 MG Extended Release Oral Tablet",
        TABLET,
        1,
        0,
    ),
    medicine("200031", "carvedilol 6.25 MG Oral Tablet", TABLET, 2, 0),
    medicine("313988", "furosemide 40 MG Oral Tablet", TABLET, 1, 0),
    medicine("855332", "warfarin sodium 5 MG Oral Tablet", TABLET, 1, 0),
];

pub(in crate::records) const LIPIDS: &[Medicine] = &[
    medicine("314231", "simvastatin 10 MG Oral Tablet", TABLET, 1, 0),
    medicine("312961", "simvastatin 20 MG Oral Tablet", TABLET, 1, 0),
    medicine("259255", "atorvastatin 80 MG Oral Tablet", TABLET, 1, 0),
];

pub(in crate::records) const DIABETES: &[Medicine] = &[
    medicine(
        "860975",
        "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet",
        TABLET,
        2,
        0,
    ),
    medicine(
        "861007",
        "metformin hydrochloride 500 MG Oral Tablet",
        TABLET,
        2,
        0,
    ),
    medicine(
        "106892",
        "insulin isophane, human 70 UNT/ML / insulin, regular, human 30 UNT/ML Injectable Suspension [Humulin]",
        UNITS,
        2,
        0,
    ),
];

pub(in crate::records) const AIRWAYS: &[Medicine] = &[
    medicine(
        "245314",
        "albuterol 5 MG/ML Inhalation Solution",
        MILLILITER,
        0,
        0,
    ),
    medicine(
        "2123111",
        "NDA020503 200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler",
        PUFF,
        0,
        0,
    ),
    medicine(
        "895994",
        "120 ACTUAT fluticasone propionate 0.044 MG/ACTUAT Metered Dose Inhaler",
        PUFF,
        2,
        0,
    ),
    medicine("312617", "prednisone 5 MG Oral Tablet", TABLET, 1, 10),
];

pub(in crate::records) const INFECTION: &[Medicine] = &[
    medicine("308182", "amoxicillin 250 MG Oral Capsule", CAPSULE, 3, 10),
    medicine("308192", "amoxicillin 500 MG Oral Tablet", TABLET, 3, 7),
    medicine(
        "562251",
        "amoxicillin 250 MG / clavulanate 125 MG Oral Tablet",
        TABLET,
        3,
        10,
    ),
    medicine("308460", "azithromycin 250 MG Oral Tablet", TABLET, 1, 5),
    medicine("197511", "ciprofloxacin 250 MG Oral Tablet", TABLET, 2, 7),
    medicine(
        "834061",
        "penicillin V potassium 250 MG Oral Tablet",
        TABLET,
        4,
        10,
    ),
];

pub(in crate::records) const PAIN: &[Medicine] = &[
    medicine("313782", "acetaminophen 325 MG Oral Tablet", TABLET, 0, 14),
    medicine("198440", "acetaminophen 500 MG Oral Tablet", TABLET, 0, 14),
    medicine("310965", "ibuprofen 200 MG Oral Tablet", TABLET, 0, 10),
    medicine("197807", "ibuprofen 800 MG Oral Tablet", TABLET, 3, 7),
    medicine(
        "849574",
        "naproxen sodium 220 MG Oral Tablet",
        TABLET,
        2,
        14,
    ),
    medicine(
        "1049221",
        "acetaminophen 325 MG / oxycodone hydrochloride 5 MG Oral Tablet",
        TABLET,
        0,
        5,
    ),
    medicine(
        "857005",
        "acetaminophen 325 MG / hydrocodone bitartrate 7.5 MG Oral Tablet",
        TABLET,
        0,
        5,
    ),
];

pub(in crate::records) const MOOD: &[Medicine] = &[
    medicine("312941", "sertraline 50 MG Oral Tablet", TABLET, 1, 0),
    medicine("310385", "fluoxetine 20 MG Oral Capsule", CAPSULE, 1, 0),
    medicine("313585", "venlafaxine 75 MG Oral Tablet", TABLET, 2, 0),
];

pub(in crate::records) const STOMACH: &[Medicine] = &[medicine(
    "198051",
    "omeprazole 20 MG Delayed Release Oral Capsule",
    CAPSULE,
    1,
    28,
)];

pub(in crate::records) const THYROID: &[Medicine] = &[medicine(
    "966222",
    "levothyroxine sodium 0.075 MG Oral Tablet",
    TABLET,
    1,
    0,
)];

pub(in crate::records) const BONE_AND_GOUT: &[Medicine] = &[
    medicine("904419", "alendronic acid 10 MG Oral Tablet", TABLET, 1, 0),
    medicine("197319", "allopurinol 100 MG Oral Tablet", TABLET, 1, 0),
];

pub(in crate::records) const BLOOD: &[Medicine] = &[medicine(
    "310325",
    "ferrous sulfate 325 MG Oral Tablet",
    TABLET,
    1,
    90,
)];

pub(in crate::records) const ALLERGY: &[Medicine] = &[
    medicine(
        "997488",
        "fexofenadine hydrochloride 30 MG Oral Tablet",
        TABLET,
        2,
        30,
    ),
    medicine(
        "1014676",
        "cetirizine hydrochloride 5 MG Oral Tablet",
        TABLET,
        1,
        30,
    ),
];
