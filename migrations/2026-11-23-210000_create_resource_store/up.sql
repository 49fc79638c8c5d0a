-- The resource store: any FHIR R4 resource as JSON text, every version of it, exact at a point in time.
-- docs/resource-store.md tells how it is written and read, and why the steps stand in this order.

-- Text is compared by bytes (COLLATE "C"): FHIR's ids are ASCII, and a language's order would make every index slower.
CREATE TABLE resource_version (
    resource_type          text COLLATE "C" NOT NULL,
    id                     text COLLATE "C" NOT NULL,
    version                bigint NOT NULL,
    -- From this instant on, and up to but without `valid_to`, this is the resource. Nothing but `valid_to` ever changes.
    valid_from             timestamptz NOT NULL,
    valid_to               timestamptz,
    deleted                boolean NOT NULL DEFAULT false,
    in_patient_compartment boolean NOT NULL,
    -- One line of JSON with resourceType, id and meta. Text, because jsonb costs three times as much to read.
    body                   text,
    PRIMARY KEY (resource_type, id, version),
    CONSTRAINT resource_version_body CHECK (deleted = (body IS NULL)),
    CONSTRAINT resource_version_order CHECK (valid_to > valid_from)
) PARTITION BY LIST (resource_type);
-- Inline and lz4: fetching a body from a TOAST table is what costs. Nobody searches in it, so ANALYZE leaves it out.
ALTER TABLE resource_version ALTER body SET STORAGE MAIN, ALTER body SET COMPRESSION lz4, ALTER body SET STATISTICS 0;
CREATE UNIQUE INDEX resource_version_current ON resource_version (resource_type, id) WHERE valid_to IS NULL;
-- The order in which an export reads, and in which the rows lie: the reader follows the index and the disk at once.
CREATE INDEX resource_version_read ON resource_version (resource_type, valid_from, id);
CREATE INDEX resource_version_ended ON resource_version (valid_to) WHERE valid_to IS NOT NULL;

-- A partition for each type that comes in numbers, so that its export reads nothing else; the others share one.
DO $$
DECLARE
    kind text;
    kinds text[] := '{AllergyIntolerance,CarePlan,CareTeam,Claim,Communication,Condition,Consent,Coverage,Device,
        DiagnosticReport,DocumentReference,Encounter,ExplanationOfBenefit,Group,Immunization,Location,Medication,
        MedicationAdministration,MedicationRequest,Observation,Organization,Patient,Practitioner,PractitionerRole,
        Procedure,Provenance,ServiceRequest}';
    -- A partition grows at its end: its statistics and its visibility map must not wait until a fifth of it is new.
    options text := 'WITH (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05)';
BEGIN
    FOREACH kind IN ARRAY kinds LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF resource_version FOR VALUES IN (%L) %s',
            'resource_version_' || lower(kind), kind, options);
    END LOOP;
    EXECUTE 'CREATE TABLE resource_version_default PARTITION OF resource_version DEFAULT ' || options;
END $$;

-- Whose compartment a version is in: one row for each patient. A tombstone has those of the version before it.
CREATE TABLE resource_compartment (
    resource_type text COLLATE "C" NOT NULL,
    id            text COLLATE "C" NOT NULL,
    version       bigint NOT NULL,
    patient_id    text COLLATE "C" NOT NULL,
    PRIMARY KEY (resource_type, id, version, patient_id)
);
CREATE INDEX resource_compartment_patient ON resource_compartment (patient_id, resource_type, id, version);

-- The CompartmentDefinition "patient" of FHIR R4 (4.0.1), each search parameter as the path to its references. A type
-- that is not here is in nobody's compartment. A Patient is in its own besides.
CREATE TABLE resource_compartment_path (
    resource_type text COLLATE "C" NOT NULL,
    param         text NOT NULL,
    path          jsonpath NOT NULL
);
INSERT INTO resource_compartment_path SELECT resource_type, param, format('$.%s.reference', element)::jsonpath FROM (VALUES
    ('Account', 'subject', 'subject'), ('AdverseEvent', 'subject', 'subject'), ('AllergyIntolerance', 'patient', 'patient'),
    ('AllergyIntolerance', 'recorder', 'recorder'), ('AllergyIntolerance', 'asserter', 'asserter'), ('Appointment', 'actor', 'participant.actor'),
    ('AppointmentResponse', 'actor', 'actor'), ('AuditEvent', 'patient', 'agent.who'), ('AuditEvent', 'patient', 'entity.what'),
    ('Basic', 'patient', 'subject'), ('Basic', 'author', 'author'), ('BodyStructure', 'patient', 'patient'), ('CarePlan', 'patient', 'subject'),
    ('CarePlan', 'performer', 'activity.detail.performer'), ('CareTeam', 'patient', 'subject'), ('CareTeam', 'participant', 'participant.member'),
    ('ChargeItem', 'subject', 'subject'), ('Claim', 'patient', 'patient'), ('Claim', 'payee', 'payee.party'), ('ClaimResponse', 'patient', 'patient'),
    ('ClinicalImpression', 'subject', 'subject'), ('Communication', 'subject', 'subject'), ('Communication', 'sender', 'sender'),
    ('Communication', 'recipient', 'recipient'), ('CommunicationRequest', 'subject', 'subject'), ('CommunicationRequest', 'sender', 'sender'),
    ('CommunicationRequest', 'recipient', 'recipient'), ('CommunicationRequest', 'requester', 'requester'), ('Composition', 'subject', 'subject'),
    ('Composition', 'author', 'author'), ('Composition', 'attester', 'attester.party'), ('Condition', 'patient', 'subject'),
    ('Condition', 'asserter', 'asserter'), ('Consent', 'patient', 'patient'), ('Coverage', 'policy-holder', 'policyHolder'),
    ('Coverage', 'subscriber', 'subscriber'), ('Coverage', 'beneficiary', 'beneficiary'), ('Coverage', 'payor', 'payor'),
    ('CoverageEligibilityRequest', 'patient', 'patient'), ('CoverageEligibilityResponse', 'patient', 'patient'),
    ('DetectedIssue', 'patient', 'patient'), ('DeviceRequest', 'subject', 'subject'), ('DeviceRequest', 'performer', 'performer'),
    ('DeviceUseStatement', 'subject', 'subject'), ('DiagnosticReport', 'subject', 'subject'), ('DocumentManifest', 'subject', 'subject'),
    ('DocumentManifest', 'author', 'author'), ('DocumentManifest', 'recipient', 'recipient'), ('DocumentReference', 'subject', 'subject'),
    ('DocumentReference', 'author', 'author'), ('Encounter', 'subject', 'subject'), ('EnrollmentRequest', 'subject', 'candidate'),
    ('EpisodeOfCare', 'patient', 'patient'), ('ExplanationOfBenefit', 'patient', 'patient'), ('ExplanationOfBenefit', 'payee', 'payee.party'),
    ('FamilyMemberHistory', 'patient', 'patient'), ('Flag', 'patient', 'subject'), ('Goal', 'patient', 'subject'),
    ('Group', 'member', 'member.entity'), ('ImagingStudy', 'patient', 'subject'), ('Immunization', 'patient', 'patient'),
    ('ImmunizationEvaluation', 'patient', 'patient'), ('ImmunizationRecommendation', 'patient', 'patient'), ('Invoice', 'subject', 'subject'),
    ('Invoice', 'patient', 'subject'), ('Invoice', 'recipient', 'recipient'), ('List', 'subject', 'subject'), ('List', 'source', 'source'),
    ('MeasureReport', 'patient', 'subject'), ('Media', 'subject', 'subject'), ('MedicationAdministration', 'patient', 'subject'),
    ('MedicationAdministration', 'performer', 'performer.actor'), ('MedicationAdministration', 'subject', 'subject'),
    ('MedicationDispense', 'subject', 'subject'), ('MedicationDispense', 'patient', 'subject'), ('MedicationDispense', 'receiver', 'receiver'),
    ('MedicationRequest', 'subject', 'subject'), ('MedicationStatement', 'subject', 'subject'), ('MolecularSequence', 'patient', 'patient'),
    ('NutritionOrder', 'patient', 'patient'), ('Observation', 'subject', 'subject'), ('Observation', 'performer', 'performer'),
    ('Patient', 'link', 'link.other'), ('Person', 'patient', 'link.target'), ('Procedure', 'patient', 'subject'),
    ('Procedure', 'performer', 'performer.actor'), ('Provenance', 'patient', 'target'), ('QuestionnaireResponse', 'subject', 'subject'),
    ('QuestionnaireResponse', 'author', 'author'), ('RelatedPerson', 'patient', 'patient'), ('RequestGroup', 'subject', 'subject'),
    ('RequestGroup', 'participant', 'action.participant'), ('ResearchSubject', 'individual', 'individual'), ('RiskAssessment', 'subject', 'subject'),
    ('Schedule', 'actor', 'actor'), ('ServiceRequest', 'subject', 'subject'), ('ServiceRequest', 'performer', 'performer'),
    ('Specimen', 'subject', 'subject'), ('SupplyDelivery', 'patient', 'patient'), ('SupplyRequest', 'subject', 'deliverTo'),
    ('Task', 'patient', 'for'), ('Task', 'focus', 'focus'), ('VisionPrescription', 'patient', 'patient')
) AS definition (resource_type, param, element);
CREATE INDEX resource_compartment_path_type ON resource_compartment_path (resource_type);
