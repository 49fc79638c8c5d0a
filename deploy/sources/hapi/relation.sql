-- HAPI FHIR 7 or later as a relation of the contract in docs/sources.md; docs/sources-hapi.md tells how it is run:
--
--     psql -v zone=ZONE -v partition=all|none|NUMBER -v tags=tables|inline -v role=ROLE -f relation.sql
--
-- as the owner of HAPI's tables. It may be run again. It makes a schema bulk_export, with three views, three functions and
-- one statistics object, and an index on hfj_res_ver that is empty as long as everything can be exported.

\set ON_ERROR_STOP on
BEGIN;
SELECT
    set_config('bulk_export.zone', :'zone', true) AS zone,
    set_config('bulk_export.partition', :'partition', true) AS partition,
    set_config('bulk_export.tags', :'tags', true) AS tags
\gset
CREATE SCHEMA IF NOT EXISTS bulk_export;
DROP VIEW IF EXISTS bulk_export.hapi, bulk_export.hapi_membership, bulk_export.hapi_refusal;
DROP STATISTICS IF EXISTS bulk_export.hapi_updated;

-- The elements that the R4 CompartmentDefinition "patient" names. HAPI writes as the path of a link what the search
-- parameter has: such an element, for some with a condition behind it, as in `Flag.subject.where(resolve() is Patient)`.
CREATE OR REPLACE FUNCTION bulk_export.hapi_compartment() RETURNS text[] IMMUTABLE LANGUAGE sql AS $$
    SELECT ARRAY[
        'Account.subject', 'AdverseEvent.subject', 'AllergyIntolerance.asserter', 'AllergyIntolerance.patient',
        'AllergyIntolerance.recorder', 'Appointment.participant.actor', 'AppointmentResponse.actor',
        'AuditEvent.agent.who', 'AuditEvent.entity.what', 'Basic.author', 'Basic.subject', 'BodyStructure.patient',
        'CarePlan.activity.detail.performer', 'CarePlan.subject', 'CareTeam.participant.member', 'CareTeam.subject',
        'ChargeItem.subject', 'Claim.patient', 'Claim.payee.party', 'ClaimResponse.patient',
        'ClinicalImpression.subject', 'Communication.recipient', 'Communication.sender', 'Communication.subject',
        'CommunicationRequest.recipient', 'CommunicationRequest.requester', 'CommunicationRequest.sender',
        'CommunicationRequest.subject', 'Composition.attester.party', 'Composition.author', 'Composition.subject',
        'Condition.asserter', 'Condition.subject', 'Consent.patient', 'Coverage.beneficiary', 'Coverage.payor',
        'Coverage.policyHolder', 'Coverage.subscriber', 'CoverageEligibilityRequest.patient',
        'CoverageEligibilityResponse.patient', 'DetectedIssue.patient', 'DeviceRequest.performer',
        'DeviceRequest.subject', 'DeviceUseStatement.subject', 'DiagnosticReport.subject', 'DocumentManifest.author',
        'DocumentManifest.recipient', 'DocumentManifest.subject', 'DocumentReference.author',
        'DocumentReference.subject', 'Encounter.subject', 'EnrollmentRequest.candidate', 'EpisodeOfCare.patient',
        'ExplanationOfBenefit.patient', 'ExplanationOfBenefit.payee.party', 'FamilyMemberHistory.patient',
        'Flag.subject', 'Goal.subject', 'Group.member.entity', 'ImagingStudy.subject', 'Immunization.patient',
        'ImmunizationEvaluation.patient', 'ImmunizationRecommendation.patient', 'Invoice.recipient',
        'Invoice.subject', 'List.source', 'List.subject', 'MeasureReport.subject', 'Media.subject',
        'MedicationAdministration.performer.actor', 'MedicationAdministration.subject',
        'MedicationDispense.receiver', 'MedicationDispense.subject', 'MedicationRequest.subject',
        'MedicationStatement.subject', 'MolecularSequence.patient', 'NutritionOrder.patient',
        'Observation.performer', 'Observation.subject', 'Patient.link.other', 'Person.link.target',
        'Procedure.performer.actor', 'Procedure.subject', 'Provenance.target', 'QuestionnaireResponse.author',
        'QuestionnaireResponse.subject', 'RelatedPerson.patient', 'RequestGroup.action.participant',
        'RequestGroup.subject', 'ResearchSubject.individual', 'RiskAssessment.subject', 'Schedule.actor',
        'ServiceRequest.performer', 'ServiceRequest.subject', 'Specimen.subject', 'SupplyDelivery.patient',
        'SupplyRequest.deliverTo', 'Task.focus', 'Task.for', 'VisionPrescription.patient'
    ]
$$;

-- Puts what HAPI keeps of meta in other tables into a body of any form. What cannot be parsed is given up: without its
-- security labels it must not go out.
CREATE OR REPLACE FUNCTION bulk_export.hapi_parsed(body text, meta text) RETURNS text
IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN jsonb_set(body::jsonb, '{meta}', meta::jsonb || coalesce(body::jsonb -> 'meta', '{}'))::text;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;

-- The same without parsing, for the form that HAPI writes: the type first, and then meta, if anything is left of it.
CREATE OR REPLACE FUNCTION bulk_export.hapi_with_meta(body text, resource_type text, meta text) RETURNS text
IMMUTABLE LANGUAGE plpgsql AS $$
DECLARE
    head CONSTANT text := '{"resourceType":"' || resource_type || '"';
BEGIN
    IF meta = '{}' THEN
        RETURN body;
    ELSIF starts_with(body, head) AND NOT starts_with(body, head || ',"meta"') THEN
        RETURN head || ',"meta":' || meta || substr(body, length(head) + 1);
    END IF;
    RETURN bulk_export.hapi_parsed(body, meta);
END
$$;

DO $make$
DECLARE
    zone CONSTANT text := current_setting('bulk_export.zone');
    partition CONSTANT text := current_setting('bulk_export.partition');
    tags CONSTANT text := current_setting('bulk_export.tags');
    here CONSTANT text := CASE partition
        WHEN 'all' THEN 'true'
        WHEN 'none' THEN '%1$s.partition_id IS NULL'
        ELSE '%1$s.partition_id = ' || partition::integer
    END;
    tagged CONSTANT text := CASE tags WHEN 'tables' THEN 'resource.has_tags' WHEN 'inline' THEN 'false' END;
BEGIN
    IF format_type((SELECT atttypid FROM pg_attribute
        WHERE attrelid = 'hfj_res_ver'::regclass AND attname = 'res_text_vc'), NULL) <> 'text'
    THEN
        RAISE EXCEPTION 'these are not the tables of HAPI FHIR 7 or later: res_text_vc is not text';
    ELSIF tagged IS NULL THEN
        RAISE EXCEPTION 'tags must be tables or inline';
    ELSIF partition = 'all' AND NOT EXISTS (
        SELECT FROM pg_index AS known
        WHERE indrelid = 'hfj_resource'::regclass AND indisunique AND (
            SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute
            WHERE attrelid = indrelid AND attnum = ANY (indkey)
        ) = '{fhir_id,res_type}'
    ) THEN
        RAISE EXCEPTION 'two partitions may hold the same Patient id: name one partition';
    END IF;
    -- Fails for a zone that does not exist.
    PERFORM now() AT TIME ZONE zone;

    EXECUTE format($view$
        CREATE VIEW bulk_export.hapi AS
        SELECT
            resource.res_type::text AS resource_type,
            resource.res_id AS key,
            resource.fhir_id::text AS id,
            resource.res_ver::text AS version,
            resource.res_updated AT TIME ZONE %1$L AS last_updated,
            resource.res_deleted_at IS NULL AND %2$s AND (resource.res_type = 'Patient' OR EXISTS (
                SELECT FROM hfj_res_link AS link
                WHERE link.src_resource_id = resource.res_id AND %3$s
                    AND link.target_resource_type = 'Patient' AND link.target_resource_id IS NOT NULL
                    AND split_part(link.src_path, '.where(', 1) = ANY (bulk_export.hapi_compartment())
            )) AS in_patient_compartment,
            (
                SELECT CASE WHEN %5$s OR version.source_uri IS NOT NULL
                    THEN bulk_export.hapi_with_meta(version.res_text_vc, resource.res_type, (
                        SELECT json_strip_nulls(json_build_object(
                            'source', version.source_uri || coalesce('#' || version.request_id, ''),
                            'profile', json_agg(tag_code ORDER BY tag.pid) FILTER (WHERE tag_type = 1),
                            'security', json_agg(coding ORDER BY tag.pid) FILTER (WHERE tag_type = 2),
                            'tag', json_agg(coding ORDER BY tag.pid) FILTER (WHERE tag_type = 0)
                        ))::text
                        FROM hfj_res_tag AS tag JOIN hfj_tag_def AS definition USING (tag_id)
                        CROSS JOIN LATERAL json_build_object(
                            'system', tag_system, 'version', tag_version, 'code', tag_code,
                            'display', tag_display, 'userSelected', tag_user_selected
                        ) AS coding
                        WHERE %5$s AND tag.res_id = resource.res_id
                    ))
                    ELSE version.res_text_vc END
                FROM hfj_res_ver AS version
                WHERE version.res_id = resource.res_id AND version.res_ver = resource.res_ver AND %4$s
                    AND version.res_encoding = 'JSON' AND version.res_version = 'R4'
            ) AS body
        FROM hfj_resource AS resource
        $view$, zone, format(here, 'resource'), format(here, 'link'), format(here, 'version'), tagged);

    EXECUTE format($view$
        CREATE VIEW bulk_export.hapi_membership AS
        SELECT patient.fhir_id::text AS patient_id, link.source_resource_type::text AS resource_type,
            link.src_resource_id AS key
        FROM hfj_resource AS patient JOIN hfj_res_link AS link ON link.target_resource_id = patient.res_id
        WHERE patient.res_type = 'Patient' AND %1$s AND %2$s AND link.target_resource_type = 'Patient'
            AND split_part(link.src_path, '.where(', 1) = ANY (bulk_export.hapi_compartment())
        UNION ALL
        SELECT patient.fhir_id::text, 'Patient'::text, patient.res_id
        FROM hfj_resource AS patient WHERE patient.res_type = 'Patient' AND %1$s
        $view$, format(here, 'patient'), format(here, 'link'));

    -- The first condition is the index's, below: without it this view reads the whole of hfj_res_ver.
    EXECUTE format($view$
        CREATE VIEW bulk_export.hapi_refusal AS
        (
            SELECT
                CASE
                    WHEN version.res_version IS DISTINCT FROM 'R4' THEN 'a resource is not FHIR R4'
                    WHEN version.res_encoding = 'ESR' THEN 'a resource is stored outside of the database (ESR)'
                    ELSE 'a resource is stored in a large object (RES_TEXT), not in RES_TEXT_VC'
                END AS reason,
                resource.res_type || ', RES_ID ' || resource.res_id AS example
            FROM hfj_res_ver AS version JOIN hfj_resource AS resource USING (res_id, res_ver)
            WHERE version.res_encoding <> 'DEL' AND (version.res_encoding <> 'JSON'
                    OR version.res_text_vc IS NULL OR version.res_version IS DISTINCT FROM 'R4')
                AND resource.res_deleted_at IS NULL AND %1$s
            LIMIT 3
        )
        UNION ALL
        (
            SELECT 'a resource has no id (FHIR_ID): HAPI''s migrations have not run',
                resource.res_type || ', RES_ID ' || resource.res_id
            FROM hfj_resource AS resource
            WHERE resource.fhir_id IS NULL AND resource.res_deleted_at IS NULL AND %1$s
            LIMIT 1
        )
        $view$, format(here, 'resource'));

    -- Else the planner takes a third of the table for what changed since yesterday.
    EXECUTE format('CREATE STATISTICS bulk_export.hapi_updated ON (res_updated AT TIME ZONE %L) FROM hfj_resource', zone);
END
$make$;

GRANT USAGE ON SCHEMA bulk_export TO :"role";
GRANT SELECT ON bulk_export.hapi, bulk_export.hapi_membership, bulk_export.hapi_refusal TO :"role";
GRANT EXECUTE ON FUNCTION bulk_export.hapi_compartment(),
    bulk_export.hapi_parsed(text, text), bulk_export.hapi_with_meta(text, text, text) TO :"role";
COMMIT;

ANALYZE hfj_resource;
SELECT relkind = 'p' AS partitioned FROM pg_class WHERE oid = 'hfj_res_ver'::regclass \gset
\if :partitioned
    \set concurrently ''
\else
    \set concurrently CONCURRENTLY
\endif
CREATE INDEX :concurrently IF NOT EXISTS bulk_export_hapi_refusal ON hfj_res_ver (res_id)
    WHERE res_encoding <> 'DEL' AND (res_encoding <> 'JSON' OR res_text_vc IS NULL OR res_version IS DISTINCT FROM 'R4');
