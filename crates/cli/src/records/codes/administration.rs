//! Codes of HL7's own systems: statuses, categories, roles.

use super::{Code, snomed};

/// Declares codes of systems below `http://terminology.hl7.org/CodeSystem/`.
macro_rules! hl7 {
    ($($name:ident = $system:literal, $code:literal, $display:literal;)*) => {
        $(pub(in crate::records) const $name: Code = Code::new(
            concat!("http://terminology.hl7.org/CodeSystem/", $system),
            $code,
            $display,
        );)*
    };
}

hl7! {
    AMBULATORY = "v3-ActCode", "AMB", "ambulatory";
    EMERGENCY = "v3-ActCode", "EMER", "emergency";
    INPATIENT = "v3-ActCode", "IMP", "inpatient encounter";
    VIRTUAL = "v3-ActCode", "VR", "virtual";
    DISCLOSURE = "v3-ActCode", "IDSCL", "information disclosure";
    OPT_IN = "v3-ActCode", "OPTIN", "opt-in";

    PERFORMER = "v3-ParticipationType", "PPRF", "primary performer";
    ATTENDER = "v3-ParticipationType", "ATND", "attender";
    RECIPIENT = "v3-ParticipationType", "IRCP", "information recipient";

    TREATMENT = "v3-ActReason", "TREAT", "treatment";
    OPERATIONS = "v3-ActReason", "HOPERAT", "healthcare operations";
    RESEARCH = "v3-ActReason", "HRESCH", "healthcare research";
    PATIENT_REQUEST = "v3-ActReason", "PATRQT", "patient requested";

    NORMAL_CONFIDENTIALITY = "v3-Confidentiality", "N", "normal";
    RESTRICTED = "v3-Confidentiality", "R", "restricted";

    CREATE = "v3-DataOperation", "CREATE", "create";
    UPDATE = "v3-DataOperation", "UPDATE", "revise";

    HOSPITAL = "v3-RoleCode", "HOSP", "Hospital";
    EMERGENCY_ROOM = "v3-RoleCode", "ER", "Emergency room";
    OUTPATIENT_FACILITY = "v3-RoleCode", "OF", "Outpatient facility";
    DIAGNOSTICS_UNIT = "v3-RoleCode", "DX", "Diagnostics or therapeutics unit";
    PRIMARY_CARE_CLINIC = "v3-RoleCode", "PC", "Primary care clinic";

    HIGH = "v3-ObservationInterpretation", "H", "High";
    LOW = "v3-ObservationInterpretation", "L", "Low";

    MARRIED = "v3-MaritalStatus", "M", "Married";
    NEVER_MARRIED = "v3-MaritalStatus", "S", "Never Married";
    DIVORCED = "v3-MaritalStatus", "D", "Divorced";
    WIDOWED = "v3-MaritalStatus", "W", "Widowed";

    INJECTED_INTO_MUSCLE = "v3-RouteOfAdministration", "IM", "Injection, intramuscular";
    INJECTED_UNDER_SKIN = "v3-RouteOfAdministration", "SQ", "Injection, subcutaneous";
    SWALLOWED = "v3-RouteOfAdministration", "PO", "Swallow, oral";

    RECORD_NUMBER = "v2-0203", "MR", "Medical record number";
    BENEFICIARY = "v2-0203", "SB", "Social Beneficiary Identifier";
    DRIVERS_LICENSE = "v2-0203", "DL", "Driver's license number";
    PASSPORT = "v2-0203", "PPN", "Passport number";
    PROVIDER_NUMBER = "v2-0203", "PRN", "Provider number";

    NEXT_OF_KIN = "v2-0131", "N", "Next-of-Kin";
    EMERGENCY_CONTACT = "v2-0131", "C", "Emergency Contact";
    ADMINISTERING = "v2-0443", "AP", "Administering Provider";

    LABORATORY_SECTION = "v2-0074", "LAB", "Laboratory";
    CHEMISTRY = "v2-0074", "CH", "Chemistry";
    HEMATOLOGY = "v2-0074", "HM", "Hematology";
    RADIOLOGY = "v2-0074", "RAD", "Radiology";

    VITAL_SIGNS = "observation-category", "vital-signs", "Vital Signs";
    LABORATORY = "observation-category", "laboratory", "Laboratory";
    SURVEY = "observation-category", "survey", "Survey";
    SOCIAL_HISTORY = "observation-category", "social-history", "Social History";

    ACTIVE = "condition-clinical", "active", "Active";
    RESOLVED = "condition-clinical", "resolved", "Resolved";
    REMISSION = "condition-clinical", "remission", "Remission";
    CONFIRMED = "condition-ver-status", "confirmed", "Confirmed";
    PROVISIONAL = "condition-ver-status", "provisional", "Provisional";
    ENTERED_IN_ERROR = "condition-ver-status", "entered-in-error", "Entered in Error";
    PROBLEM_LIST = "condition-category", "problem-list-item", "Problem List Item";
    DIAGNOSIS = "condition-category", "encounter-diagnosis", "Encounter Diagnosis";

    ALLERGY_ACTIVE = "allergyintolerance-clinical", "active", "Active";
    ALLERGY_RESOLVED = "allergyintolerance-clinical", "resolved", "Resolved";
    ALLERGY_CONFIRMED = "allergyintolerance-verification", "confirmed", "Confirmed";
    ALLERGY_UNCONFIRMED = "allergyintolerance-verification", "unconfirmed", "Unconfirmed";
    ALLERGY_IN_ERROR = "allergyintolerance-verification", "entered-in-error", "Entered in Error";

    ASKED_DECLINED = "data-absent-reason", "asked-declined", "Asked But Declined";
    NOT_PERFORMED = "data-absent-reason", "not-performed", "Not Performed";

    MEDICINE_INPATIENT = "medicationrequest-category", "inpatient", "Inpatient";
    MEDICINE_OUTPATIENT = "medicationrequest-category", "outpatient", "Outpatient";
    MEDICINE_DISCHARGE = "medicationrequest-category", "discharge", "Discharge";

    CHIEF_COMPLAINT = "diagnosis-role", "CC", "Chief complaint";
    ADMISSION_DIAGNOSIS = "diagnosis-role", "AD", "Admission diagnosis";
    DISCHARGE_DIAGNOSIS = "diagnosis-role", "DD", "Discharge diagnosis";
    FROM_EMERGENCY = "admit-source", "emd", "From accident/emergency department";
    FROM_PRACTITIONER = "admit-source", "gp", "General Practitioner referral";
    TO_HOME = "discharge-disposition", "home", "Home";
    TO_NURSING = "discharge-disposition", "snf", "Skilled nursing facility";
    TO_REHABILITATION = "discharge-disposition", "rehab", "Rehabilitation";

    PROVIDER = "organization-type", "prov", "Healthcare Provider";
    CONTACT_BILLING = "contactentity-type", "BILL", "Billing";
    CONTACT_ADMINISTRATION = "contactentity-type", "ADMIN", "Administrative";
    BUILDING = "location-physical-type", "bu", "Building";
    WARD = "location-physical-type", "wa", "Ward";
    ROOM = "location-physical-type", "ro", "Room";

    PRIVACY = "consentscope", "patient-privacy", "Privacy Consent";
    RESEARCH_SCOPE = "consentscope", "research", "Research";

    AUTHOR = "provenance-participant-type", "author", "Author";
    TRANSMITTER = "provenance-participant-type", "assembler", "Assembler";
    ENTERER = "provenance-participant-type", "enterer", "Enterer";
    CUSTODIAN = "provenance-participant-type", "custodian", "Custodian";
}

pub(in crate::records) const MILD: Code = snomed("255604002", "Mild (qualifier value)");
pub(in crate::records) const MODERATE: Code =
    snomed("6736007", "Moderate (severity modifier) (qualifier value)");
pub(in crate::records) const SEVERE: Code =
    snomed("24484000", "Severe (severity modifier) (qualifier value)");
