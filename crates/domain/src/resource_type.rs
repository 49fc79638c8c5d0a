//! The resource types of FHIR R4 (4.0.1), and which of them belong to a patient's compartment. Which of them a server
//! exports is a matter of its [`Sources`](crate::sources::Sources).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A text that names no resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a resource type of FHIR R4")]
pub struct UnknownType;

macro_rules! resource_types {
    (members: $($member:ident),+; others: $($other:ident),+;) => {
        /// A resource type of FHIR R4, by its FHIR name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "each is the type of its name")]
        pub enum ResourceType {
            $($member,)+
            $($other,)+
        }

        impl ResourceType {
            /// The types that can be in a patient's compartment (R4 `CompartmentDefinition` "patient", Patient itself
            /// included), in the order of their names.
            pub const COMPARTMENT: &[Self] = &[$(Self::$member),+];

            /// Every type.
            pub const ALL: &[Self] = &[$(Self::$member,)+ $(Self::$other,)+];

            /// Gives the type's FHIR name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$member => stringify!($member),)+
                    $(Self::$other => stringify!($other),)+
                }
            }
        }

        impl FromStr for ResourceType {
            type Err = UnknownType;

            /// Reads a type's name; FHIR names are case-sensitive.
            fn from_str(text: &str) -> Result<Self, UnknownType> {
                match text {
                    $(stringify!($member) => Ok(Self::$member),)+
                    $(stringify!($other) => Ok(Self::$other),)+
                    _ => Err(UnknownType),
                }
            }
        }
    };
}

resource_types! {
    members:
        Account, AdverseEvent, AllergyIntolerance, Appointment, AppointmentResponse, AuditEvent, Basic,
        BodyStructure, CarePlan, CareTeam, ChargeItem, Claim, ClaimResponse, ClinicalImpression, Communication,
        CommunicationRequest, Composition, Condition, Consent, Coverage, CoverageEligibilityRequest,
        CoverageEligibilityResponse, DetectedIssue, DeviceRequest, DeviceUseStatement, DiagnosticReport,
        DocumentManifest, DocumentReference, Encounter, EnrollmentRequest, EpisodeOfCare, ExplanationOfBenefit,
        FamilyMemberHistory, Flag, Goal, Group, ImagingStudy, Immunization, ImmunizationEvaluation,
        ImmunizationRecommendation, Invoice, List, MeasureReport, Media, MedicationAdministration,
        MedicationDispense, MedicationRequest, MedicationStatement, MolecularSequence, NutritionOrder, Observation,
        Patient, Person, Procedure, Provenance, QuestionnaireResponse, RelatedPerson, RequestGroup, ResearchSubject,
        RiskAssessment, Schedule, ServiceRequest, Specimen, SupplyDelivery, SupplyRequest, Task, VisionPrescription;
    others:
        ActivityDefinition, Binary, BiologicallyDerivedProduct, Bundle, CapabilityStatement, CatalogEntry,
        ChargeItemDefinition, CodeSystem, CompartmentDefinition, ConceptMap, Contract, Device, DeviceDefinition,
        DeviceMetric, EffectEvidenceSynthesis, Endpoint, EnrollmentResponse, EventDefinition, Evidence,
        EvidenceVariable, ExampleScenario, GraphDefinition, GuidanceResponse, HealthcareService, ImplementationGuide,
        InsurancePlan, Library, Linkage, Location, Measure, Medication, MedicationKnowledge, MedicinalProduct,
        MedicinalProductAuthorization, MedicinalProductContraindication, MedicinalProductIndication,
        MedicinalProductIngredient, MedicinalProductInteraction, MedicinalProductManufactured,
        MedicinalProductPackaged, MedicinalProductPharmaceutical, MedicinalProductUndesirableEffect,
        MessageDefinition, MessageHeader, NamingSystem, ObservationDefinition, OperationDefinition, OperationOutcome,
        Organization, OrganizationAffiliation, Parameters, PaymentNotice, PaymentReconciliation, PlanDefinition,
        Practitioner, PractitionerRole, Questionnaire, ResearchDefinition, ResearchElementDefinition, ResearchStudy,
        RiskEvidenceSynthesis, SearchParameter, Slot, SpecimenDefinition, StructureDefinition, StructureMap,
        Subscription, Substance, SubstanceNucleicAcid, SubstancePolymer, SubstanceProtein,
        SubstanceReferenceInformation, SubstanceSourceMaterial, SubstanceSpecification, TerminologyCapabilities,
        TestReport, TestScript, ValueSet, VerificationResult;
}

impl ResourceType {
    /// Says whether resources of this type can be in a patient's compartment: patient-level exports hold no others.
    #[must_use]
    pub fn in_patient_compartment(self) -> bool {
        Self::COMPARTMENT.contains(&self)
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_no_other_does() {
        for known in ResourceType::ALL {
            assert_eq!(known.as_str().parse(), Ok(*known));
        }
        for unknown in ["", "patient", "Foo", "Patient ", "DomainResource"] {
            assert_eq!(unknown.parse::<ResourceType>(), Err(UnknownType));
        }
        assert_eq!(
            (ResourceType::ALL.len(), ResourceType::COMPARTMENT.len()),
            (146, 67)
        );
    }

    #[test]
    fn what_is_not_about_a_patient_is_in_no_compartment() {
        assert!(ResourceType::Observation.in_patient_compartment());
        assert!(!ResourceType::Organization.in_patient_compartment());
    }
}
