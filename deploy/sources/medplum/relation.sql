-- Medplum 4 or later as a relation of the contract in docs/sources.md; docs/sources-medplum.md tells how it is run:
--
--     psql -v project=UUID -v role=ROLE -f relation.sql
--
-- as the owner of Medplum's tables: one project, and the role that the exporter connects as. It may be run again. It makes
-- three views in the schema bulk_export and changes nothing of Medplum's.

\set ON_ERROR_STOP on
BEGIN;
SELECT set_config('bulk_export.project', :'project', true) AS project \gset
CREATE SCHEMA IF NOT EXISTS bulk_export;
DROP VIEW IF EXISTS bulk_export.medplum, bulk_export.medplum_membership, bulk_export.medplum_refusal;

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
    a_patients text;
    resources text[];
    members text[];
BEGIN
    -- Before 4, resources that had not been written since December 2023 had no rows in TYPE_References.
    IF NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'public."Patient"'::regclass AND attname = '__version' AND attnotnull
    ) THEN
        RAISE EXCEPTION 'these are not the tables of Medplum 4 or later';
    END IF;

    FOR kind IN EXECUTE format($query$
        SELECT name, codes::text[] AS codes FROM (VALUES %s) AS known (name, codes)
        WHERE to_regclass(format('public.%%I', name)) IS NOT NULL ORDER BY name
        $query$, compartment)
    LOOP
        a_patients := CASE kind.name WHEN 'Patient' THEN 'true' ELSE format($exists$EXISTS (
            SELECT FROM public.%1$I AS link JOIN public."Patient" AS patient ON patient.id = link."targetId"
            WHERE link."resourceId" = resource.id AND link.code = ANY (%2$L) AND patient."projectId" = %3$L
        )$exists$, kind.name || '_References', kind.codes, project) END;
        -- No WHERE: PostgreSQL flattens a UNION ALL only without, and only a flat one lets a patient's rows be found by
        -- the index. What may not be seen is told by in_patient_compartment, which every reader asks for.
        resources := resources || format($select$
            SELECT %1$L::text AS resource_type, resource.id AS key, resource.id::text AS id, NULL::text AS version,
                resource."lastUpdated" AS last_updated,
                NOT resource.deleted AND resource."projectId" = %2$L AND %3$s AS in_patient_compartment,
                CASE WHEN resource."projectId" = %2$L THEN resource.content END AS body
            FROM public.%1$I AS resource$select$, kind.name, project, a_patients);
        members := members || format($select$
            SELECT patient.id AS patient_id, %1$L::text AS resource_type, link."resourceId" AS key
            FROM public."Patient" AS patient JOIN public.%2$I AS link ON link."targetId" = patient.id
            WHERE link.code = ANY (%3$L) AND patient."projectId" = %4$L$select$,
            kind.name, kind.name || '_References', kind.codes, project);
    END LOOP;
    members := members || format($select$
            SELECT patient.id, 'Patient'::text, patient.id FROM public."Patient" AS patient
            WHERE patient."projectId" = %L$select$, project);

    EXECUTE 'CREATE VIEW bulk_export.medplum AS' || array_to_string(resources, ' UNION ALL');
    EXECUTE 'CREATE VIEW bulk_export.medplum_membership AS' || array_to_string(members, ' UNION ALL');
    EXECUTE format($view$
        CREATE VIEW bulk_export.medplum_refusal AS
        SELECT 'there is no such project'::text AS reason, %1$L::text AS example
        WHERE NOT EXISTS (SELECT FROM public."Project" WHERE id = %1$L AND NOT deleted)
        UNION ALL
        SELECT 'the reindex of Medplum 4 has not run, so references of old resources are missing',
            'data version ' || "dataVersion"
        FROM public."DatabaseMigration" WHERE "dataVersion" < 1$view$, project);
END
$make$;

GRANT USAGE ON SCHEMA bulk_export TO :"role";
GRANT SELECT ON bulk_export.medplum, bulk_export.medplum_membership, bulk_export.medplum_refusal TO :"role";
COMMIT;
