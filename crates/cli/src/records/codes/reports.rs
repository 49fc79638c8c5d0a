//! Imaging in LOINC, the settings of documents, and their formats.

use super::{Code, loinc, snomed};

#[rustfmt::skip]
pub(in crate::records) static IMAGING: [Code; 8] = [
    loinc("36643-5", "XR Chest 2 Views"),
    loinc("30746-2", "Portable XR Chest Views"),
    loinc("24627-2", "CT Chest"),
    loinc("24725-4", "CT Head"),
    loinc("24558-9", "US Abdomen"),
    loinc("24606-6", "MG Breast Screening"),
    loinc("24590-2", "MR Brain"),
    loinc("37637-6", "XR Extremity Views"),
];

/// What is written beside a visit's own note.
pub(in crate::records) static NOTES: [Code; 4] = [
    loinc("11488-4", "Consult note"),
    loinc("28570-0", "Procedure note"),
    loinc("34746-8", "Nurse Note"),
    loinc("18776-5", "Plan of care note"),
];

pub(in crate::records) const CLINICAL_NOTE: Code = Code::new(
    "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
    "clinical-note",
    "Clinical Note",
);

pub(in crate::records) const SUFFICIENT: Code = Code::new(
    "urn:oid:1.3.6.1.4.1.19376.1.2.3",
    "urn:ihe:iti:xds:2017:mimeTypeSufficient",
    "mimeType Sufficient",
);

pub(in crate::records) const CONSENT_DOCUMENT: Code = loinc("59284-0", "Consent Document");

pub(in crate::records) const GENERAL_MEDICINE: Code =
    snomed("394802001", "General medicine (qualifier value)");
pub(in crate::records) const EMERGENCY_MEDICINE: Code =
    snomed("773568002", "Emergency medicine (qualifier value)");
pub(in crate::records) const HOSPITAL: Code = snomed("22232009", "Hospital (environment)");
pub(in crate::records) const CLINIC: Code =
    snomed("35971002", "Ambulatory care site (environment)");

#[rustfmt::skip]
pub(in crate::records) static SPECIALTIES: [Code; 8] = [
    snomed("419772000", "Family practice (qualifier value)"),
    snomed("419192003", "Internal medicine (qualifier value)"),
    snomed("394579002", "Cardiology (qualifier value)"),
    snomed("394537008", "Pediatric specialty (qualifier value)"),
    snomed("394609007", "General surgery (qualifier value)"),
    snomed("394587001", "Psychiatry (qualifier value)"),
    snomed("394914008", "Radiology (qualifier value)"),
    snomed("394801008", "Trauma and orthopedics (qualifier value)"),
];
