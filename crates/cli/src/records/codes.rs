//! The codes that the records use: tables of published code systems, chosen for how often they are met.

pub(super) mod administration;
pub(super) mod allergens;
pub(super) mod measures;
pub(super) mod medicines;
pub(super) mod panels;
pub(super) mod problems;
pub(super) mod procedures;
pub(super) mod reports;
pub(super) mod vaccines;
pub(super) mod visits;

/// A code, its system, and its name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) system: &'static str,
    pub(super) value: &'static str,
    pub(super) display: &'static str,
}

impl Code {
    pub(super) const fn new(
        system: &'static str,
        value: &'static str,
        display: &'static str,
    ) -> Self {
        Self {
            system,
            value,
            display,
        }
    }

    /// The name without the kind of concept that SNOMED CT's full names end with.
    pub(super) fn words(&self) -> &'static str {
        match self.display.rsplit_once(" (") {
            Some((words, kind)) if self.system == SNOMED && kind.ends_with(')') => words,
            _ => self.display,
        }
    }
}

pub(super) const LOINC: &str = "http://loinc.org";
pub(super) const SNOMED: &str = "http://snomed.info/sct";
pub(super) const UCUM: &str = "http://unitsofmeasure.org";
const RXNORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";
const CVX: &str = "http://hl7.org/fhir/sid/cvx";
const ICD_10: &str = "http://hl7.org/fhir/sid/icd-10-cm";

pub(super) const fn loinc(code: &'static str, display: &'static str) -> Code {
    Code::new(LOINC, code, display)
}

pub(super) const fn snomed(code: &'static str, display: &'static str) -> Code {
    Code::new(SNOMED, code, display)
}

const fn rxnorm(code: &'static str, display: &'static str) -> Code {
    Code::new(RXNORM, code, display)
}

const fn cvx(code: &'static str, display: &'static str) -> Code {
    Code::new(CVX, code, display)
}

const fn icd_10(code: &'static str, display: &'static str) -> Code {
    Code::new(ICD_10, code, display)
}

/// A unit: as people write it, and in UCUM.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit(pub(super) &'static str, pub(super) &'static str);
