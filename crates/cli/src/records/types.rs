//! The types of the records.

use clap::ValueEnum;

/// A type of which there are records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
#[value(rename_all = "verbatim")]
#[expect(missing_docs, reason = "FHIR says what they are")]
pub enum RecordType {
    AllergyIntolerance,
    Condition,
    Consent,
    DiagnosticReport,
    DocumentReference,
    Encounter,
    Group,
    Immunization,
    Location,
    MedicationRequest,
    Observation,
    Organization,
    Patient,
    Practitioner,
    Procedure,
    Provenance,
}

impl RecordType {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// All of them, in the order of the alphabet.
    pub const ALL: [Self; 16] = [
        Self::AllergyIntolerance,
        Self::Condition,
        Self::Consent,
        Self::DiagnosticReport,
        Self::DocumentReference,
        Self::Encounter,
        Self::Group,
        Self::Immunization,
        Self::Location,
        Self::MedicationRequest,
        Self::Observation,
        Self::Organization,
        Self::Patient,
        Self::Practitioner,
        Self::Procedure,
        Self::Provenance,
    ];

    /// Its name in FHIR.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AllergyIntolerance => "AllergyIntolerance",
            Self::Condition => "Condition",
            Self::Consent => "Consent",
            Self::DiagnosticReport => "DiagnosticReport",
            Self::DocumentReference => "DocumentReference",
            Self::Encounter => "Encounter",
            Self::Group => "Group",
            Self::Immunization => "Immunization",
            Self::Location => "Location",
            Self::MedicationRequest => "MedicationRequest",
            Self::Observation => "Observation",
            Self::Organization => "Organization",
            Self::Patient => "Patient",
            Self::Practitioner => "Practitioner",
            Self::Procedure => "Procedure",
            Self::Provenance => "Provenance",
        }
    }
}
