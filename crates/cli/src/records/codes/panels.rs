//! What the laboratory measures: panels in LOINC, with the reference ranges of adults.

use super::{
    Code, Unit, administration as adm, loinc,
    measures::{Measure, Outcome, Scale},
    snomed,
};

/// Tests that are asked for together.
#[derive(Debug)]
pub(in crate::records) struct Panel {
    pub(in crate::records) code: Code,
    pub(in crate::records) section: Code,
    pub(in crate::records) measures: &'static [Measure],
}

/// A test: values from `low` to `high`, normal within `reference`, in units of the last digit.
const fn test(
    code: &'static str,
    display: &'static str,
    unit: Unit,
    places: u32,
    (low, high): (i64, i64),
    reference: (i64, i64),
) -> Measure {
    Measure {
        category: adm::LABORATORY,
        code: loinc(code, display),
        result: Outcome::Within(Scale {
            unit,
            places,
            low,
            high,
            reference: Some(reference),
        }),
    }
}

const MG_DL: Unit = Unit("mg/dL", "mg/dL");
const G_DL: Unit = Unit("g/dL", "g/dL");
const MMOL_L: Unit = Unit("mmol/L", "mmol/L");
const U_L: Unit = Unit("U/L", "U/L");
const PERCENT: Unit = Unit("%", "%");
const FL: Unit = Unit("fL", "fL");
const PER_NL: Unit = Unit("10*3/uL", "10*3/uL");

/// The panels, by how often they are asked for.
pub(in crate::records) static PANELS: [(u64, &Panel); 7] = [
    (300, &BLOOD_COUNT),
    (290, &METABOLIC),
    (180, &LIPIDS),
    (100, &GLYCATED),
    (50, &URINE),
    (50, &CLOTTING),
    (30, &CORONAVIRUS),
];

#[rustfmt::skip]
const METABOLIC: Panel = Panel {
    code: loinc("24323-8", "Comprehensive metabolic 2000 panel - Serum or Plasma"),
    section: adm::CHEMISTRY,
    measures: &[
        test("2345-7", "Glucose [Mass/volume] in Serum or Plasma", MG_DL, 1, (620, 1_780), (700, 990)),
        test("3094-0", "Urea nitrogen [Mass/volume] in Serum or Plasma", MG_DL, 1, (60, 290), (70, 200)),
        test("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", MG_DL, 2, (50, 190), (60, 130)),
        test("17861-6", "Calcium [Mass/volume] in Serum or Plasma", MG_DL, 1, (82, 108), (85, 105)),
        test("2951-2", "Sodium [Moles/volume] in Serum or Plasma", MMOL_L, 1, (1_320, 1_480), (1_360, 1_450)),
        test("2823-3", "Potassium [Moles/volume] in Serum or Plasma", MMOL_L, 2, (320, 560), (350, 510)),
        test("2075-0", "Chloride [Moles/volume] in Serum or Plasma", MMOL_L, 1, (950, 1_110), (980, 1_070)),
        test("2028-9", "Carbon dioxide, total [Moles/volume] in Serum or Plasma", MMOL_L, 1, (200, 310), (220, 290)),
        test("2885-2", "Protein [Mass/volume] in Serum or Plasma", G_DL, 1, (56, 88), (60, 83)),
        test("1751-7", "Albumin [Mass/volume] in Serum or Plasma", G_DL, 1, (30, 55), (35, 50)),
        test("1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma", MG_DL, 2, (10, 170), (10, 120)),
        test("6768-6", "Alkaline phosphatase [Enzymatic activity/volume] in Serum or Plasma", U_L, 0, (32, 150), (44, 147)),
        test("1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma", U_L, 0, (5, 70), (7, 56)),
        test("1920-8", "Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma", U_L, 0, (6, 58), (10, 40)),
        test("33914-3", "Glomerular filtration rate/1.73 sq M.predicted [Volume Rate/Area] in Serum or Plasma by Creatinine-based formula (MDRD)", Unit("mL/min/{1.73_m2}", "mL/min/{1.73_m2}"), 1, (380, 1_250), (600, 1_200)),
    ],
};

#[rustfmt::skip]
const BLOOD_COUNT: Panel = Panel {
    code: loinc("58410-2", "CBC panel - Blood by Automated count"),
    section: adm::HEMATOLOGY,
    measures: &[
        test("6690-2", "Leukocytes [#/volume] in Blood by Automated count", PER_NL, 2, (300, 1_350), (450, 1_100)),
        test("789-8", "Erythrocytes [#/volume] in Blood by Automated count", Unit("10*6/uL", "10*6/uL"), 2, (350, 620), (390, 560)),
        test("718-7", "Hemoglobin [Mass/volume] in Blood", G_DL, 1, (98, 182), (120, 175)),
        test("4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count", PERCENT, 1, (305, 540), (350, 500)),
        test("787-2", "MCV [Entitic volume] by Automated count", FL, 1, (720, 1_040), (800, 960)),
        test("785-6", "MCH [Entitic mass] by Automated count", Unit("pg", "pg"), 1, (240, 350), (270, 330)),
        test("786-4", "MCHC [Mass/volume] by Automated count", G_DL, 1, (305, 372), (320, 360)),
        test("21000-5", "Erythrocyte distribution width [Entitic volume] by Automated count", FL, 1, (370, 520), (390, 460)),
        test("777-3", "Platelets [#/volume] in Blood by Automated count", PER_NL, 0, (110, 480), (150, 400)),
        test("32623-1", "Platelet mean volume [Entitic volume] in Blood by Automated count", FL, 1, (70, 130), (75, 115)),
    ],
};

#[rustfmt::skip]
const LIPIDS: Panel = Panel {
    code: loinc("57698-3", "Lipid panel with direct LDL - Serum or Plasma"),
    section: adm::CHEMISTRY,
    measures: &[
        test("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", MG_DL, 1, (1_200, 2_900), (1_250, 2_000)),
        test("2571-8", "Triglyceride [Mass/volume] in Serum or Plasma", MG_DL, 1, (500, 2_600), (500, 1_500)),
        test("18262-6", "Cholesterol in LDL [Mass/volume] in Serum or Plasma by Direct assay", MG_DL, 1, (500, 2_000), (500, 1_300)),
        test("2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma", MG_DL, 1, (280, 950), (400, 900)),
    ],
};

#[rustfmt::skip]
const GLYCATED: Panel = Panel {
    code: loinc("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood"),
    section: adm::CHEMISTRY,
    measures: &[test("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", PERCENT, 1, (45, 92), (40, 56))],
};

#[rustfmt::skip]
const CLOTTING: Panel = Panel {
    code: loinc("34528-0", "PT panel - Platelet poor plasma by Coagulation assay"),
    section: adm::HEMATOLOGY,
    measures: &[
        test("5902-2", "Prothrombin time (PT)", Unit("s", "s"), 1, (100, 240), (110, 135)),
        test("6301-6", "INR in Platelet poor plasma by Coagulation assay", Unit("{INR}", "{INR}"), 1, (8, 36), (8, 12)),
    ],
};

const NEGATIVE: Code = snomed("260385009", "Negative (qualifier value)");
const DETECTED: Code = snomed("260373001", "Detected (qualifier value)");
const NOT_DETECTED: Code = snomed("260415000", "Not detected (qualifier value)");

#[rustfmt::skip]
const URINE: Panel = Panel {
    code: loinc("24356-8", "Urinalysis complete panel - Urine"),
    section: adm::LABORATORY_SECTION,
    measures: &[
        test("5811-5", "Specific gravity of Urine by Test strip", Unit("{ratio}", "{ratio}"), 3, (1_001, 1_036), (1_005, 1_030)),
        test("5803-2", "pH of Urine by Test strip", Unit("pH", "[pH]"), 1, (45, 88), (50, 80)),
        test("5792-7", "Glucose [Mass/volume] in Urine by Test strip", MG_DL, 1, (0, 60), (0, 15)),
        test("5804-0", "Protein [Mass/volume] in Urine by Test strip", MG_DL, 1, (0, 420), (0, 140)),
        Measure {
            category: adm::LABORATORY,
            code: loinc("5767-9", "Appearance of Urine"),
            result: Outcome::Answer(&[
                (700, snomed("167236000", "Urine looks clear (finding)")),
                (300, snomed("7766007", "Cloudy urine (finding)")),
            ]),
        },
        Measure {
            category: adm::LABORATORY,
            code: loinc("5794-3", "Hemoglobin [Presence] in Urine by Test strip"),
            result: Outcome::Answer(&[(850, NEGATIVE), (150, DETECTED)]),
        },
    ],
};

#[rustfmt::skip]
const CORONAVIRUS: Panel = Panel {
    code: loinc("94500-6", "SARS-CoV-2 (COVID-19) RNA [Presence] in Respiratory specimen by NAA with probe detection"),
    section: adm::LABORATORY_SECTION,
    measures: &[Measure {
        category: adm::LABORATORY,
        code: loinc("94500-6", "SARS-CoV-2 (COVID-19) RNA [Presence] in Respiratory specimen by NAA with probe detection"),
        result: Outcome::Answer(&[(750, NOT_DETECTED), (250, DETECTED)]),
    }],
};
