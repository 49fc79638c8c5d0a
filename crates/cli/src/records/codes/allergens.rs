//! What people are allergic to, and what it does to them.

use super::{Code, rxnorm, snomed};

/// A substance, its category in FHIR, and whether the body's defence is known to be the cause.
#[derive(Debug)]
pub(in crate::records) struct Allergen {
    pub(in crate::records) code: Code,
    pub(in crate::records) category: &'static str,
    pub(in crate::records) allergy: bool,
}

const fn allergen(code: Code, category: &'static str, allergy: bool) -> Allergen {
    Allergen {
        code,
        category,
        allergy,
    }
}

#[rustfmt::skip]
pub(in crate::records) static ALLERGENS: [Allergen; 20] = [
    allergen(snomed("264287008", "Animal dander (substance)"), "environment", true),
    allergen(snomed("256277009", "Grass pollen (substance)"), "environment", true),
    allergen(snomed("782576004", "Tree pollen (substance)"), "environment", true),
    allergen(snomed("260147004", "House dust mite (organism)"), "environment", true),
    allergen(snomed("84489001", "Mold (organism)"), "environment", true),
    allergen(snomed("111088007", "Latex (substance)"), "environment", true),
    allergen(snomed("288328004", "Bee venom (substance)"), "environment", true),
    allergen(snomed("762952008", "Peanut (substance)"), "food", true),
    allergen(snomed("735029006", "Shellfish (substance)"), "food", true),
    allergen(snomed("442571000124108", "Tree nut (substance)"), "food", true),
    allergen(snomed("3718001", "Cow's milk (substance)"), "food", false),
    allergen(snomed("102263004", "Eggs (edible) (substance)"), "food", true),
    allergen(snomed("412071004", "Wheat (substance)"), "food", false),
    allergen(rxnorm("7984", "penicillin V"), "medication", true),
    allergen(rxnorm("2670", "codeine"), "medication", false),
    allergen(rxnorm("1191", "aspirin"), "medication", false),
    allergen(rxnorm("5640", "ibuprofen"), "medication", false),
    allergen(rxnorm("10831", "sulfamethoxazole / trimethoprim"), "medication", true),
    allergen(rxnorm("29046", "lisinopril"), "medication", false),
    allergen(rxnorm("25037", "cefdinir"), "medication", true),
];

#[rustfmt::skip]
pub(in crate::records) static MANIFESTATIONS: [Code; 10] = [
    snomed("247472004", "Wheal (finding)"),
    snomed("271807003", "Eruption of skin (disorder)"),
    snomed("39579001", "Anaphylaxis (disorder)"),
    snomed("62315008", "Diarrhea (finding)"),
    snomed("267036007", "Dyspnea (finding)"),
    snomed("878820003", "Rhinoconjunctivitis (disorder)"),
    snomed("422587007", "Nausea (finding)"),
    snomed("41291007", "Angioedema (disorder)"),
    snomed("418290006", "Itching (finding)"),
    snomed("76067001", "Sneezing (finding)"),
];
