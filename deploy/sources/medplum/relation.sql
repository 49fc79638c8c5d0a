-- Medplum 4 or later as a relation of the contract in docs/sources.md; docs/sources-medplum.md tells how it is run:
--
--     psql -v project=UUID -v role=ROLE -f relation.sql
--
-- as the owner of Medplum's tables: one project, and the role that the exporter connects as. It may be run again. It makes
-- views in the schema bulk_export, three for Patient and two for each other type, and changes nothing of Medplum's.

\set ON_ERROR_STOP on
BEGIN;
SELECT set_config('bulk_export.project', :'project', true) AS project \gset
CREATE SCHEMA IF NOT EXISTS bulk_export;

DO $make$
DECLARE
    -- The R4 CompartmentDefinition "patient": each type with the search parameters that name its patients. Medplum keeps
    -- what these find in TYPE_References, under the parameter's code.
    compartment CONSTANT text := $types$
        ('Account', '{subject}'), ('AdverseEvent', '{subject}'), ('AllergyIntolerance', '{patient,recorder,asserter}'),
        ('Appointment', '{actor}'), ('AppointmentResponse', '{actor}'), ('AuditEvent', '{patient}'),
        ('Basic', '{patient,author}'), ('BodyStructure', '{patient}'), ('CarePlan', '{patient,performer}'),
        ('CareTeam', '{patient,participant}'), ('ChargeItem', '{subject}'), ('Claim', '{patient,payee}'),
        ('ClaimResponse', '{patient}'), ('ClinicalImpression', '{subject}'),
        ('Communication', '{subject,sender,recipient}'),
        ('CommunicationRequest', '{subject,sender,recipient,requester}'), ('Composition', '{subject,author,attester}'),
        ('Condition', '{patient,asserter}'), ('Consent', '{patient}'),
        ('Coverage', '{policy-holder,subscriber,beneficiary,payor}'), ('CoverageEligibilityRequest', '{patient}'),
        ('CoverageEligibilityResponse', '{patient}'), ('DetectedIssue', '{patient}'),
        ('DeviceRequest', '{subject,performer}'), ('DeviceUseStatement', '{subject}'),
        ('DiagnosticReport', '{subject}'), ('DocumentManifest', '{subject,author,recipient}'),
        ('DocumentReference', '{subject,author}'), ('Encounter', '{subject}'), ('EnrollmentRequest', '{subject}'),
        ('EpisodeOfCare', '{patient}'), ('ExplanationOfBenefit', '{patient,payee}'),
        ('FamilyMemberHistory', '{patient}'), ('Flag', '{patient}'), ('Goal', '{patient}'), ('Group', '{member}'),
        ('ImagingStudy', '{patient}'), ('Immunization', '{patient}'), ('ImmunizationEvaluation', '{patient}'),
        ('ImmunizationRecommendation', '{patient}'), ('Invoice', '{subject,patient,recipient}'),
        ('List', '{subject,source}'), ('MeasureReport', '{patient}'), ('Media', '{subject}'),
        ('MedicationAdministration', '{patient,performer,subject}'),
        ('MedicationDispense', '{subject,patient,receiver}'), ('MedicationRequest', '{subject}'),
        ('MedicationStatement', '{subject}'), ('MolecularSequence', '{patient}'), ('NutritionOrder', '{patient}'),
        ('Observation', '{subject,performer}'), ('Patient', '{link}'), ('Person', '{patient}'),
        ('Procedure', '{patient,performer}'), ('Provenance', '{patient}'),
        ('QuestionnaireResponse', '{subject,author}'), ('RelatedPerson', '{patient}'),
        ('RequestGroup', '{subject,participant}'), ('ResearchSubject', '{individual}'),
        ('RiskAssessment', '{subject}'), ('Schedule', '{actor}'), ('ServiceRequest', '{subject,performer}'),
        ('Specimen', '{subject}'), ('SupplyDelivery', '{patient}'), ('SupplyRequest', '{subject}'),
        ('Task', '{patient,focus}'), ('VisionPrescription', '{patient}')
    $types$;
    project CONSTANT uuid := current_setting('bulk_export.project');
    kind record;
BEGIN
    -- Before 4, resources that had not been written since December 2023 had no rows in TYPE_References.
    IF NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'public."Patient"'::regclass AND attname = '__version' AND attnotnull
    ) THEN
        RAISE EXCEPTION 'these are not the tables of Medplum 4 or later';
    END IF;

    FOR kind IN EXECUTE format($query$
        SELECT name, codes::text[] AS codes, format('medplum_%%s', lower(name)) AS relation, name || '_References' AS refs
        FROM (VALUES %s) AS known (name, codes)$query$, compartment)
    LOOP
        EXECUTE format('DROP VIEW IF EXISTS bulk_export.%I, bulk_export.%I', kind.relation, kind.relation || '_membership');
        EXECUTE format($view$
            CREATE VIEW bulk_export.%1$I AS
            SELECT %2$L::text AS resource_type, id AS key, id::text AS id, NULL::text AS version,
                "lastUpdated" AS last_updated,
                %2$L = 'Patient' OR EXISTS (
                    SELECT FROM public.%3$I AS link JOIN public."Patient" AS patient ON patient.id = link."targetId"
                    WHERE link."resourceId" = resource.id AND link.code = ANY (%4$L) AND patient."projectId" = %5$L
                ) AS in_patient_compartment,
                content AS body
            FROM public.%2$I AS resource
            WHERE NOT deleted AND "projectId" = %5$L
            $view$, kind.relation, kind.name, kind.refs, kind.codes, project);
        EXECUTE format($view$
            CREATE VIEW bulk_export.%1$I AS
            SELECT patient.id AS patient_id, %2$L::text AS resource_type, link."resourceId" AS key
            FROM public."Patient" AS patient JOIN public.%3$I AS link ON link."targetId" = patient.id
            WHERE link.code = ANY (%4$L) AND patient."projectId" = %5$L
            UNION ALL
            SELECT id, 'Patient', id FROM public."Patient" WHERE %2$L = 'Patient' AND "projectId" = %5$L
            $view$, kind.relation || '_membership', kind.name, kind.refs, kind.codes, project);
    END LOOP;

    DROP VIEW IF EXISTS bulk_export.medplum_patient_refusal;
    EXECUTE format($view$
        CREATE VIEW bulk_export.medplum_patient_refusal AS
        SELECT 'there is no such project'::text AS reason, %1$L::text AS example
        WHERE NOT EXISTS (SELECT FROM public."Project" WHERE id = %1$L AND NOT deleted)
        UNION ALL
        SELECT 'the reindex of Medplum 4 has not run, so references of old resources are missing',
            'data version ' || "dataVersion"
        FROM public."DatabaseMigration" WHERE "dataVersion" < 1
        $view$, project);
END
$make$;

GRANT USAGE ON SCHEMA bulk_export TO :"role";
SELECT format('GRANT SELECT ON bulk_export.%I TO %I', viewname, :'role')
FROM pg_views WHERE schemaname = 'bulk_export' AND viewname LIKE 'medplum\_%'
\gexec
COMMIT;
