-- Medplum's tables, as far as an export reads them: re-created for tests and for trying relation.sql out. On a Medplum
-- server these tables are there already: do not run this file in its database.
--
-- The names, types and indexes are those that buildCreateTables() makes: github.com/medplum/medplum,
-- packages/server/src/migrations/migrate.ts, as of schema version 104 (Medplum 5); the same columns stand in
-- packages/server/src/migrations/schema/latest.sql of commit 1063f9e86355cd33c224ea2482eeba410008b4f2 (Medplum 4), there
-- without "__version". Left out: the columns and tables of the search parameters, which an export does not read.

CREATE TABLE public."DatabaseMigration" (
    "id" integer PRIMARY KEY,
    "version" integer NOT NULL,
    "dataVersion" integer NOT NULL,
    "firstBoot" boolean NOT NULL DEFAULT false
);

DO $$
DECLARE
    -- The types of the patient compartment, some other ones, and three of Medplum's own, which an export must never show.
    types text[] := ARRAY[
        'Account', 'AdverseEvent', 'AllergyIntolerance', 'Appointment', 'AppointmentResponse', 'AuditEvent',
        'Basic', 'BodyStructure', 'CarePlan', 'CareTeam', 'ChargeItem', 'Claim', 'ClaimResponse',
        'ClinicalImpression', 'Communication', 'CommunicationRequest', 'Composition', 'Condition', 'Consent',
        'Coverage', 'CoverageEligibilityRequest', 'CoverageEligibilityResponse', 'DetectedIssue', 'DeviceRequest',
        'DeviceUseStatement', 'DiagnosticReport', 'DocumentManifest', 'DocumentReference', 'Encounter',
        'EnrollmentRequest', 'EpisodeOfCare', 'ExplanationOfBenefit', 'FamilyMemberHistory', 'Flag', 'Goal',
        'Group', 'ImagingStudy', 'Immunization', 'ImmunizationEvaluation', 'ImmunizationRecommendation', 'Invoice',
        'List', 'MeasureReport', 'Media', 'MedicationAdministration', 'MedicationDispense', 'MedicationRequest',
        'MedicationStatement', 'MolecularSequence', 'NutritionOrder', 'Observation', 'Patient', 'Person',
        'Procedure', 'Provenance', 'QuestionnaireResponse', 'RelatedPerson', 'RequestGroup', 'ResearchSubject',
        'RiskAssessment', 'Schedule', 'ServiceRequest', 'Specimen', 'SupplyDelivery', 'SupplyRequest', 'Task',
        'VisionPrescription',
        'Binary', 'Device', 'Location', 'Organization', 'Practitioner', 'Bot', 'Project', 'User'];
    name text;
BEGIN
    FOREACH name IN ARRAY types LOOP
        EXECUTE format($table$
            CREATE TABLE public.%1$I (
                "id" uuid PRIMARY KEY,
                "content" text NOT NULL,
                "lastUpdated" timestamptz NOT NULL,
                "deleted" boolean NOT NULL DEFAULT false,
                "projectId" uuid NOT NULL,
                "__version" integer NOT NULL,
                "_source" text,
                "_profile" text[]
            )$table$, name);
        EXECUTE format('CREATE INDEX %2$I ON public.%1$I ("lastUpdated")', name, name || '_lastUpdated_idx');
        EXECUTE format('CREATE INDEX %2$I ON public.%1$I ("projectId", "lastUpdated")', name, name || '_projectId_lastUpdated_idx');
        EXECUTE format('CREATE INDEX %2$I ON public.%1$I ("projectId")', name, name || '_projectId_idx');
        EXECUTE format('CREATE INDEX %2$I ON public.%1$I ("lastUpdated", "__version") WHERE deleted = false', name, name || '_reindex_idx');
        IF name <> 'Binary' THEN
            EXECUTE format('ALTER TABLE public.%1$I ADD COLUMN "compartments" uuid[] NOT NULL', name);
            EXECUTE format('CREATE INDEX %2$I ON public.%1$I USING gin ("compartments")', name, name || '_compartments_idx');
        END IF;
        EXECUTE format($table$
            CREATE TABLE public.%1$I (
                "versionId" uuid PRIMARY KEY,
                "id" uuid NOT NULL,
                "content" text NOT NULL,
                "lastUpdated" timestamptz NOT NULL
            )$table$, name || '_History');
        EXECUTE format('CREATE INDEX %2$I ON public.%1$I ("id")', name || '_History', name || '_History_id_idx');
        EXECUTE format($table$
            CREATE TABLE public.%1$I (
                "resourceId" uuid NOT NULL,
                "targetId" uuid NOT NULL,
                "code" text NOT NULL,
                PRIMARY KEY ("resourceId", "targetId", "code")
            )$table$, name || '_References');
        EXECUTE format('CREATE INDEX %2$I ON public.%1$I ("targetId", "code") INCLUDE ("resourceId")', name || '_References', name || '_Refs_targetId_code_idx');
    END LOOP;
END
$$;
