-- Rows as HAPI FHIR writes them, for tests and for trying relation.sql out, with the cases that are easily got wrong. With
-- `-v patients=N` as many more patients, each with 75 Observations; with `-v refused=lob|compressed|esr|dstu3` one more
-- resource that keeps the relation from being exported.
--
-- The form is that of BaseHapiFhirDao.getExcludedElements and updateTags (hapi-fhir-jpaserver-base) and of
-- releases/V8_4_0/data/POSTGRES_9_4.sql (hapi-fhir-jpaserver-test-utilities): a body has no id, and no meta but what is left
-- of it, since HAPI keeps versions, times, tags, profiles, security labels and the source in columns and in HFJ_RES_TAG. An
-- element with a patient has a link for each search parameter that finds it.

\set ON_ERROR_STOP on
\if :{?patients}
\else
    \set patients 0
\endif
\if :{?refused}
\else
    \set refused nothing
\endif
BEGIN;
CREATE TEMP SEQUENCE numbers START 1000;

-- Writes a resource in so many versions; gives its RES_ID. Without a name of its own its id is its number.
CREATE FUNCTION pg_temp.put(
    kind text, name text, body text, versions integer DEFAULT 1, partition integer DEFAULT NULL, tagged boolean DEFAULT false,
    source text DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    number CONSTANT bigint := nextval('numbers');
    at CONSTANT timestamp := date_trunc('milliseconds', clock_timestamp()) AT TIME ZONE 'UTC';
BEGIN
    INSERT INTO hfj_resource (res_id, partition_id, res_version, has_tags, res_published, res_updated, fhir_id, sp_has_links, sp_index_status,
        sp_coords_present, sp_date_present, sp_number_present, sp_quantity_nrml_present, sp_quantity_present, sp_string_present,
        sp_token_present, sp_uri_present, res_type, res_ver)
    VALUES (number, partition, 'R4', tagged, at, at, coalesce(name, number::text), true, 1, false, false, false, false, false, false, false, false,
        kind, versions);
    INSERT INTO hfj_res_ver (pid, partition_id, res_version, has_tags, res_published, res_updated, res_encoding, request_id, res_id,
        res_text_vc, res_type, res_ver, source_uri)
    SELECT nextval('numbers'), partition, 'R4', tagged, at, at, 'JSON', left(md5(number::text), 16), number,
        CASE WHEN version = versions THEN body ELSE '{"resourceType":"' || kind || '","language":"en"}' END, kind, version, source
    FROM generate_series(1, versions) AS version;
    RETURN number;
END
$$;

-- Links a resource to another by these paths.
CREATE FUNCTION pg_temp.link(source bigint, target bigint, VARIADIC paths text[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO hfj_res_link (pid, partition_id, src_path, src_resource_id, source_resource_type, target_resource_id, target_resource_type, sp_updated)
    SELECT nextval('numbers'), s.partition_id, path, s.res_id, s.res_type, t.res_id, t.res_type, s.res_updated
    FROM hfj_resource AS s, hfj_resource AS t, unnest(paths) AS path WHERE s.res_id = source AND t.res_id = target
$$;

CREATE FUNCTION pg_temp.of(kind text, name text) RETURNS bigint LANGUAGE sql AS $$
    SELECT res_id FROM hfj_resource WHERE res_type = kind AND fhir_id = name
$$;

-- An Observation and its links, as HAPI's search parameters subject and patient find its subject.
CREATE FUNCTION pg_temp.observation(name text, subject text, versions integer DEFAULT 1, partition integer DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    WITH written AS (
        SELECT pg_temp.put('Observation', name, '{"resourceType":"Observation","status":"final","code":{"text":"Body Weight: \"kg\""},"subject":{"reference":"'
            || subject || '"},"valueQuantity":{"value":72.50,"unit":"kg"}}', versions, partition) AS number
    )
    SELECT number FROM written, LATERAL (SELECT CASE WHEN subject LIKE 'Patient/%'
        THEN pg_temp.link(number, pg_temp.of('Patient', split_part(subject, '/', 2)), 'Observation.subject', 'Observation.subject.where(resolve() is Patient)')
        ELSE pg_temp.link(number, pg_temp.of(split_part(subject, '/', 1), split_part(subject, '/', 2)), 'Observation.subject') END) AS linked
$$;

\o /dev/null
-- Ids given by clients, and one given by the server; Ann in her third version.
SELECT pg_temp.put('Patient', name, '{"resourceType":"Patient","name":[{"family":"Familie","given":["' || initcap(name) || '"]}]}', versions)
FROM (VALUES ('ann', 3), ('ben', 1), ('cid', 1), ('dee', 1)) AS v (name, versions);
SELECT pg_temp.put('Patient', NULL, '{"resourceType":"Patient","gender":"female"}');
SELECT pg_temp.put('Device', 'device', '{"resourceType":"Device"}');
-- Another partition, which may be another tenant's.
SELECT pg_temp.put('Patient', 'zoe', '{"resourceType":"Patient"}', 1, 7);
SELECT pg_temp.observation('zoe-one', 'Patient/zoe', 1, 7);
-- Dee's record links to Ann's, and so is in her compartment too (R4: Patient.link).
SELECT pg_temp.link(pg_temp.of('Patient', 'dee'), pg_temp.of('Patient', 'ann'), 'Patient.link.other');

SELECT pg_temp.observation('ann-one', 'Patient/ann'), pg_temp.observation('ann-changed', 'Patient/ann', 2), pg_temp.observation('ben-one', 'Patient/ben');
-- Of both: Ben measured Ann.
SELECT pg_temp.observation('of-both', 'Patient/ann');
SELECT pg_temp.link(pg_temp.of('Observation', 'of-both'), pg_temp.of('Patient', 'ben'), 'Observation.performer');
-- Of Ann by an element that is none of her compartment's.
SELECT pg_temp.observation('focus-on-ann', 'Device/device');
SELECT pg_temp.link(pg_temp.of('Observation', 'focus-on-ann'), pg_temp.of('Patient', 'ann'), 'Observation.focus');
-- Of no patient, of one that another server has, of one who was deleted since.
SELECT pg_temp.observation('of-a-device', 'Device/device'), pg_temp.observation('cid-one', 'Patient/cid');
SELECT pg_temp.put('Observation', 'of-elsewhere', '{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"http://elsewhere.example.org/Patient/ann"}}');
INSERT INTO hfj_res_link (pid, src_path, src_resource_id, source_resource_type, target_resource_type, target_resource_url)
SELECT nextval('numbers'), 'Observation.subject', pg_temp.of('Observation', 'of-elsewhere'), 'Observation', 'Patient', 'http://elsewhere.example.org/Patient/ann';
-- Members of other kinds.
SELECT pg_temp.link(pg_temp.put('Group', 'group', '{"resourceType":"Group","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/ann"}}]}'),
    pg_temp.of('Patient', 'ann'), 'Group.member.entity');
SELECT pg_temp.link(pg_temp.put('Flag', 'flag', '{"resourceType":"Flag","status":"active","code":{"text":"Careful"},"subject":{"reference":"Patient/ben"}}'),
    pg_temp.of('Patient', 'ben'), 'Flag.subject', 'Flag.subject.where(resolve() is Patient)');

-- What HAPI takes out of meta, and what it leaves in it: an extension.
INSERT INTO hfj_tag_def (tag_id, tag_type, tag_system, tag_code, tag_display, tag_user_selected, tag_version) VALUES
    (1, 1, 'https://github.com/hapifhir/hapi-fhir/ns/jpa/profile', 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-body-weight', NULL, NULL, NULL),
    (2, 2, 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', 'R', 'restricted', NULL, NULL),
    (3, 0, 'http://example.org/tags', 'a"b', NULL, true, '2');
SELECT pg_temp.put('Condition', 'tagged', '{"resourceType":"Condition","subject":{"reference":"Patient/ann"}}', 1, NULL, true, 'http://example.org/source'),
    pg_temp.put('Condition', 'tagged-and-extended', '{"resourceType":"Condition","meta":{"extension":[{"url":"http://example.org/x","valueBoolean":true}]},"subject":{"reference":"Patient/ann"}}', 1, NULL, true),
    pg_temp.put('Condition', 'sourced', '{"resourceType":"Condition","subject":{"reference":"Patient/ann"}}', 1, NULL, false, 'http://example.org/"source"');
INSERT INTO hfj_res_tag (pid, tag_id, res_id, res_type)
SELECT nextval('numbers'), tag_id, res_id, res_type FROM hfj_resource, hfj_tag_def WHERE has_tags;
SELECT pg_temp.link(res_id, pg_temp.of('Patient', 'ann'), 'Condition.subject', 'Condition.subject.where(resolve() is Patient)')
FROM hfj_resource WHERE res_type = 'Condition';

-- Deleted: a patient, and an observation. A deletion is a version without a body.
SELECT pg_temp.observation('ann-deleted', 'Patient/ann');
INSERT INTO hfj_res_ver (pid, res_deleted_at, res_version, has_tags, res_published, res_updated, res_encoding, res_id, res_type, res_ver)
SELECT nextval('numbers'), res_updated, 'R4', false, res_published, res_updated, 'DEL', res_id, res_type, 2
FROM hfj_resource WHERE fhir_id IN ('cid', 'ann-deleted');
UPDATE hfj_resource SET res_deleted_at = res_updated, res_ver = 2 WHERE fhir_id IN ('cid', 'ann-deleted');

-- An old version in a large object, as before HAPI 7: nobody reads it.
UPDATE hfj_res_ver SET res_text = lo_from_bytea(0, 'compressed'), res_text_vc = NULL, res_encoding = 'JSONC'
WHERE res_id = pg_temp.of('Patient', 'ann') AND res_ver = 1;
-- Its current version is lost.
SELECT pg_temp.observation('ben-lost', 'Patient/ben');
UPDATE hfj_resource SET res_ver = 2 WHERE fhir_id = 'ben-lost';

-- What keeps all from being exported.
SELECT pg_temp.observation('refused', 'Patient/ben') WHERE :'refused' <> 'nothing';
UPDATE hfj_res_ver SET
    res_text = CASE WHEN :'refused' IN ('lob', 'compressed') THEN lo_from_bytea(0, 'a body') END,
    res_text_vc = CASE :'refused' WHEN 'esr' THEN 's3:bucket/object' WHEN 'dstu3' THEN res_text_vc END,
    res_encoding = CASE :'refused' WHEN 'compressed' THEN 'JSONC' WHEN 'esr' THEN 'ESR' ELSE 'JSON' END,
    res_version = CASE :'refused' WHEN 'dstu3' THEN 'DSTU3' ELSE 'R4' END
WHERE res_id = pg_temp.of('Observation', 'refused');
\o

-- RES_IDs of several types by turns, as a server gives them.
CREATE TEMP TABLE many ON COMMIT DROP AS
SELECT 100000 + g AS number, g % 76 = 0 AS is_patient, 100000 + g - g % 76 AS patient FROM generate_series(0, 76 * :patients - 1) AS g;
INSERT INTO hfj_resource (res_id, res_version, has_tags, res_published, res_updated, fhir_id, sp_has_links, sp_coords_present, sp_date_present,
    sp_number_present, sp_quantity_nrml_present, sp_quantity_present, sp_string_present, sp_token_present, sp_uri_present, res_type, res_ver)
SELECT number, 'R4', false, '2026-01-01', '2026-01-01', number, true, false, false, false, false, false, false, false, false,
    CASE WHEN is_patient THEN 'Patient' ELSE 'Observation' END, 1 FROM many;
INSERT INTO hfj_res_ver (pid, res_version, has_tags, res_published, res_updated, res_encoding, res_id, res_text_vc, res_type, res_ver)
SELECT number, 'R4', false, '2026-01-01', '2026-01-01', 'JSON', number,
    CASE WHEN is_patient THEN '{"resourceType":"Patient","name":[{"family":"Number ' || number || '"}]}'
        ELSE '{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7","display":"Body weight"}]},"subject":{"reference":"Patient/'
            || patient || '"},"valueQuantity":{"value":72.50,"unit":"kg"},"note":[{"text":"' || repeat(md5(number::text), 34) || '"}]}' END,
    CASE WHEN is_patient THEN 'Patient' ELSE 'Observation' END, 1 FROM many;
INSERT INTO hfj_res_link (pid, src_path, src_resource_id, source_resource_type, target_resource_id, target_resource_type)
SELECT number * 2 + (condition <> '')::integer, 'Observation.subject' || condition, number, 'Observation', patient, 'Patient'
FROM many, (VALUES (''), ('.where(resolve() is Patient)')) AS v (condition) WHERE NOT is_patient;
COMMIT;
VACUUM ANALYZE;
