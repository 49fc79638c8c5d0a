//! Procedures in SNOMED CT.

use super::{Code, snomed};

/// What is done in a practice, within the hour.
#[rustfmt::skip]
pub(in crate::records) static SMALL: [Code; 22] = [
    snomed("430193006", "Medication reconciliation (procedure)"),
    snomed("171207006", "Depression screening (procedure)"),
    snomed("710824005", "Assessment of health and social care needs (procedure)"),
    snomed("428191000124101", "Documentation of current medications (procedure)"),
    snomed("454711000124102", "Depression screening using Patient Health Questionnaire Two-Item score (procedure)"),
    snomed("29303009", "Electrocardiographic procedure (procedure)"),
    snomed("76601001", "Intramuscular injection (procedure)"),
    snomed("23426006", "Measurement of respiratory function (procedure)"),
    snomed("127783003", "Spirometry (procedure)"),
    snomed("117015009", "Throat culture (procedure)"),
    snomed("395142003", "Allergy screening test (procedure)"),
    snomed("5880005", "Physical examination procedure (procedure)"),
    snomed("288086009", "Suture open wound (procedure)"),
    snomed("274474001", "Bone immobilization (procedure)"),
    snomed("399208008", "Plain chest X-ray (procedure)"),
    snomed("24623002", "Screening mammography (procedure)"),
    snomed("243063003", "Postoperative procedure education (procedure)"),
    snomed("225358003", "Wound care (procedure)"),
    snomed("171231001", "Asthma screening (procedure)"),
    snomed("415300000", "Review of systems (procedure)"),
    snomed("866148006", "Screening for domestic abuse (procedure)"),
    snomed("409063005", "Counseling (procedure)"),
];

/// What is done in a hospital, within some hours.
#[rustfmt::skip]
pub(in crate::records) static LARGE: [Code; 14] = [
    snomed("73761001", "Colonoscopy (procedure)"),
    snomed("40701008", "Echocardiography (procedure)"),
    snomed("80146002", "Excision of appendix (procedure)"),
    snomed("45595009", "Laparoscopic cholecystectomy (procedure)"),
    snomed("415070008", "Percutaneous coronary intervention (procedure)"),
    snomed("232717009", "Coronary artery bypass grafting (procedure)"),
    snomed("265764009", "Renal dialysis (procedure)"),
    snomed("274031008", "Rectal polypectomy (procedure)"),
    snomed("18946005", "Epidural anesthesia (procedure)"),
    snomed("40617009", "Artificial respiration (procedure)"),
    snomed("52734007", "Total replacement of hip (procedure)"),
    snomed("609588000", "Total knee replacement (procedure)"),
    snomed("116859006", "Transfusion of blood product (procedure)"),
    snomed("76746007", "Cardiovascular stress testing (procedure)"),
];

pub(in crate::records) static BODY_SITES: [Code; 8] = [
    snomed("368208006", "Left upper arm structure (body structure)"),
    snomed("368209003", "Right upper arm structure (body structure)"),
    snomed("51185008", "Thoracic structure (body structure)"),
    snomed("113345001", "Abdominal structure (body structure)"),
    snomed("72696002", "Knee region structure (body structure)"),
    snomed("344001", "Ankle region structure (body structure)"),
    snomed("40983000", "Upper arm structure (body structure)"),
    snomed("69536005", "Head structure (body structure)"),
];

pub(in crate::records) const SUCCESSFUL: Code = snomed("385669000", "Successful (qualifier value)");
pub(in crate::records) const PARTLY_SUCCESSFUL: Code =
    snomed("385670004", "Partially successful (qualifier value)");
