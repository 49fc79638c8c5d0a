-- Rows as Medplum writes them, for tests and for trying relation.sql out, with the cases that are easily got wrong. With
-- `-v patients=N` as many more patients, each with 75 Observations.
--
-- The form is that of packages/server/src/fhir/repo.ts (buildResourceRow, getCompartments, deleteResource) and of
-- packages/server/src/migrations/schema/data/Practitioner.tsv: content is JSON.stringify of the resource with its id and
-- meta, and meta has project, author, compartment, account beside FHIR's members. A deleted row has no content.

\set ON_ERROR_STOP on
\if :{?patients}
\else
    \set patients 0
\endif
BEGIN;

INSERT INTO "DatabaseMigration" VALUES (1, 104, 46, false);

-- Two tenants. The first is exported; nothing of the other may ever be seen.
CREATE FUNCTION pg_temp.ours() RETURNS uuid LANGUAGE sql AS $$ SELECT 'a0000000-0000-4000-8000-000000000001'::uuid $$;
CREATE FUNCTION pg_temp.theirs() RETURNS uuid LANGUAGE sql AS $$ SELECT 'b0000000-0000-4000-8000-000000000001'::uuid $$;

-- Writes a resource: its row, its version, its references. The references are (search parameter's code, Type/id).
CREATE FUNCTION pg_temp.put(
    project uuid, resource jsonb, refs text[] DEFAULT '{}', account text DEFAULT NULL, pretty boolean DEFAULT false
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    kind CONSTANT text := resource ->> 'resourceType';
    of CONSTANT uuid := resource ->> 'id';
    version CONSTANT uuid := gen_random_uuid();
    at CONSTANT timestamptz := date_trunc('milliseconds', clock_timestamp());
    patients text[] := CASE kind WHEN 'Patient' THEN ARRAY['Patient/' || of] ELSE '{}' END || ARRAY(
        SELECT DISTINCT refs[n + 1] FROM generate_series(1, cardinality(refs), 2) AS n
        WHERE starts_with(refs[n + 1], 'Patient/') AND refs[n] <> 'focus');
    compartments CONSTANT text[] := 'Project/' || project || array_remove(account || patients, NULL);
    body jsonb;
BEGIN
    body := resource || jsonb_build_object('meta', coalesce(resource -> 'meta', '{}') || jsonb_strip_nulls(jsonb_build_object(
        'project', project, 'versionId', version, 'lastUpdated', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'author', jsonb_build_object('reference', 'system'),
        'account', CASE WHEN account IS NOT NULL THEN jsonb_build_object('reference', account) END,
        'compartment', (SELECT jsonb_agg(jsonb_build_object('reference', one)) FROM unnest(compartments) AS one))));
    EXECUTE format('INSERT INTO %I (id, content, "lastUpdated", "projectId", "__version", compartments)
        VALUES ($1, $2, $3, $4, 8, $5) ON CONFLICT (id) DO UPDATE SET content = $2, "lastUpdated" = $3', kind)
        USING of, CASE WHEN pretty THEN jsonb_pretty(body) ELSE json_strip_nulls(body::json)::text END,
            at, project, ARRAY(SELECT split_part(one, '/', 2)::uuid FROM unnest(compartments) AS one);
    EXECUTE format('INSERT INTO %I VALUES ($1, $2, $3, $4)', kind || '_History') USING version, of, body::text, at;
    EXECUTE format('INSERT INTO %I SELECT $1, split_part($2[n + 1], ''/'', 2)::uuid, $2[n] FROM generate_series(1, cardinality($2), 2) AS n
        ON CONFLICT DO NOTHING', kind || '_References') USING of, refs;
END
$$;

-- An id that tells the row: pg_temp.id('ann') is always the same.
CREATE FUNCTION pg_temp.id(name text) RETURNS text LANGUAGE sql AS $$
    SELECT overlay(overlay(md5(name) PLACING '4' FROM 13 FOR 1) PLACING '8' FROM 17 FOR 1)::uuid::text
$$;

CREATE FUNCTION pg_temp.patient(name text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('resourceType', 'Patient', 'id', pg_temp.id(name), 'name', jsonb_build_array(jsonb_build_object(
        'family', 'Familie "' || name || '"', 'given', jsonb_build_array(initcap(name)))), 'gender', 'female', 'birthDate', '1980-02-29')
$$;

CREATE FUNCTION pg_temp.observation(name text, subject text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('resourceType', 'Observation', 'id', pg_temp.id(name), 'status', 'final',
        'code', jsonb_build_object('text', 'Body Weight: "kg"'), 'subject', jsonb_build_object('reference', subject),
        'valueQuantity', jsonb_build_object('value', 72.50, 'unit', 'kg', 'system', 'http://unitsofmeasure.org', 'code', 'kg'))
$$;

\o /dev/null
SELECT pg_temp.put(pg_temp.ours(), jsonb_build_object('resourceType', 'Project', 'id', pg_temp.ours(), 'name', 'Ours'));
SELECT pg_temp.put(pg_temp.theirs(), jsonb_build_object('resourceType', 'Project', 'id', pg_temp.theirs(), 'name', 'Theirs'));
-- Medplum's own types hold secrets.
SELECT pg_temp.put(pg_temp.ours(), jsonb_build_object('resourceType', 'User', 'id', pg_temp.id('user'), 'passwordHash', '$2b$10$secret'));

SELECT pg_temp.put(pg_temp.ours(), pg_temp.patient(name)) FROM unnest(ARRAY['ann', 'ben', 'cid']) AS name;
SELECT pg_temp.put(pg_temp.theirs(), pg_temp.patient('zoe'));
-- Ann was merged: Dee's record links to hers, and so is in her compartment too (R4: Patient.link).
SELECT pg_temp.put(pg_temp.ours(), pg_temp.patient('dee') || jsonb_build_object('link', jsonb_build_array(jsonb_build_object(
    'other', jsonb_build_object('reference', 'Patient/' || pg_temp.id('ann')), 'type', 'replaced-by'))),
    ARRAY['link', 'Patient/' || pg_temp.id('ann')]);

-- Ann's: one of which she is subject and performer (found twice), one in its second version, one pretty-printed.
SELECT pg_temp.put(pg_temp.ours(), pg_temp.observation(name, 'Patient/' || pg_temp.id('ann')),
    ARRAY['subject', 'Patient/' || pg_temp.id('ann'), 'patient', 'Patient/' || pg_temp.id('ann'), 'performer', 'Patient/' || pg_temp.id('ann')],
    NULL, name = 'ann, pretty')
FROM unnest(ARRAY['ann, twice', 'ann, changed', 'ann, changed', 'ann, pretty']) AS name;
-- Ben's.
SELECT pg_temp.put(pg_temp.ours(), pg_temp.observation('ben, one', 'Patient/' || pg_temp.id('ben')), ARRAY['subject', 'Patient/' || pg_temp.id('ben')]);
-- Of both: Ben measured Ann.
SELECT pg_temp.put(pg_temp.ours(), pg_temp.observation('of both', 'Patient/' || pg_temp.id('ann')),
    ARRAY['subject', 'Patient/' || pg_temp.id('ann'), 'performer', 'Patient/' || pg_temp.id('ben')]);
-- Ann's, and Ben's account may see it in Medplum: that is no membership of his compartment.
SELECT pg_temp.put(pg_temp.ours(), pg_temp.observation('ann, for the account of ben', 'Patient/' || pg_temp.id('ann')),
    ARRAY['subject', 'Patient/' || pg_temp.id('ann')], 'Patient/' || pg_temp.id('ben'));
-- Of Ann by a parameter that is none of her compartment's (focus).
SELECT pg_temp.put(pg_temp.ours(), pg_temp.observation('focus on ann', 'Device/' || pg_temp.id('device')),
    ARRAY['subject', 'Device/' || pg_temp.id('device'), 'focus', 'Patient/' || pg_temp.id('ann')]);
-- Of no patient, of one who is not stored, and of one who was deleted since.
SELECT pg_temp.put(pg_temp.ours(), pg_temp.observation('of a device', 'Device/' || pg_temp.id('device')), ARRAY['subject', 'Device/' || pg_temp.id('device')]);
SELECT pg_temp.put(pg_temp.ours(), pg_temp.observation('of nobody', 'Patient/' || pg_temp.id('nobody')), ARRAY['subject', 'Patient/' || pg_temp.id('nobody')]);
SELECT pg_temp.put(pg_temp.ours(), pg_temp.observation('cid, one', 'Patient/' || pg_temp.id('cid')), ARRAY['subject', 'Patient/' || pg_temp.id('cid')]);
-- The other tenant's: of their own patient, and one that names Ann.
SELECT pg_temp.put(pg_temp.theirs(), pg_temp.observation('zoe, one', 'Patient/' || pg_temp.id('zoe')), ARRAY['subject', 'Patient/' || pg_temp.id('zoe')]);
SELECT pg_temp.put(pg_temp.theirs(), pg_temp.observation('theirs of ann', 'Patient/' || pg_temp.id('ann')), ARRAY['subject', 'Patient/' || pg_temp.id('ann')]);
-- Members of other kinds: a group, and a provenance of three targets.
SELECT pg_temp.put(pg_temp.ours(), jsonb_build_object('resourceType', 'Group', 'id', pg_temp.id('group'), 'type', 'person', 'actual', true,
    'member', jsonb_build_array(jsonb_build_object('entity', jsonb_build_object('reference', 'Patient/' || pg_temp.id('ann'))),
        jsonb_build_object('entity', jsonb_build_object('reference', 'Patient/' || pg_temp.id('ben'))))),
    ARRAY['member', 'Patient/' || pg_temp.id('ann'), 'member', 'Patient/' || pg_temp.id('ben')]);
SELECT pg_temp.put(pg_temp.ours(), jsonb_build_object('resourceType', 'Provenance', 'id', pg_temp.id('provenance'), 'recorded', '2026-01-02T03:04:05.678Z',
    'target', jsonb_build_array(jsonb_build_object('reference', 'Observation/' || pg_temp.id('ben, one')), jsonb_build_object('reference', 'Patient/' || pg_temp.id('ben'))),
    'agent', jsonb_build_array(jsonb_build_object('who', jsonb_build_object('display', 'Somebody')))),
    ARRAY['target', 'Observation/' || pg_temp.id('ben, one'), 'target', 'Patient/' || pg_temp.id('ben'), 'patient', 'Patient/' || pg_temp.id('ben')]);
-- In no patient's compartment by its type.
SELECT pg_temp.put(pg_temp.ours(), jsonb_build_object('resourceType', 'Organization', 'id', pg_temp.id('organization'), 'name', 'A clinic'));

-- Deleted: a patient, and an observation whose references were left behind.
UPDATE "Patient" SET deleted = true, content = '', "lastUpdated" = clock_timestamp() WHERE id = pg_temp.id('cid')::uuid;
SELECT pg_temp.put(pg_temp.ours(), pg_temp.observation('ann, deleted', 'Patient/' || pg_temp.id('ann')), ARRAY['subject', 'Patient/' || pg_temp.id('ann')]);
UPDATE "Observation" SET deleted = true, content = '', "lastUpdated" = clock_timestamp() WHERE id = pg_temp.id('ann, deleted')::uuid;

-- Written past Medplum: without meta, and one that is no JSON.
SELECT pg_temp.put(pg_temp.ours(), pg_temp.observation(name, 'Patient/' || pg_temp.id('ben')), ARRAY['subject', 'Patient/' || pg_temp.id('ben')])
FROM unnest(ARRAY['ben, without meta', 'ben, broken']) AS name;
UPDATE "Observation" SET content = (content::jsonb - 'meta')::text WHERE id = pg_temp.id('ben, without meta')::uuid;
UPDATE "Observation" SET content = left(content, 40) WHERE id = pg_temp.id('ben, broken')::uuid;
\o

CREATE TEMP TABLE many ON COMMIT DROP AS
SELECT n, pg_temp.id('patient ' || n)::uuid AS patient FROM generate_series(1, :patients) AS n;
INSERT INTO "Patient" (id, content, "lastUpdated", "projectId", "__version", compartments)
SELECT patient, format('{"resourceType":"Patient","meta":{"project":"%1$s","versionId":"%2$s","lastUpdated":"2026-01-01T00:00:00.000Z","author":{"reference":"system"},"compartment":[{"reference":"Project/%1$s"},{"reference":"Patient/%3$s"}]},"name":[{"family":"Number %4$s"}],"id":"%3$s"}',
    pg_temp.ours(), gen_random_uuid(), patient, n), '2026-01-01', pg_temp.ours(), 8, ARRAY[pg_temp.ours(), patient] FROM many;
CREATE TEMP TABLE measured ON COMMIT DROP AS
SELECT gen_random_uuid() AS id, patient, k FROM many, generate_series(1, 75) AS k ORDER BY k, n;
INSERT INTO "Observation" (id, content, "lastUpdated", "projectId", "__version", compartments)
SELECT id, format('{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7","display":"Body weight"}]},"subject":{"reference":"Patient/%3$s"},"valueQuantity":{"value":%5$s.50,"unit":"kg"},"note":[{"text":"%6$s"}],"meta":{"project":"%1$s","versionId":"%2$s","lastUpdated":"2026-01-01T00:00:00.000Z","author":{"reference":"system"},"compartment":[{"reference":"Project/%1$s"},{"reference":"Patient/%3$s"}]},"id":"%4$s"}',
    pg_temp.ours(), gen_random_uuid(), patient, id, k, repeat(md5(id::text), 26)), '2026-01-01', pg_temp.ours(), 8, ARRAY[pg_temp.ours(), patient] FROM measured;
INSERT INTO "Observation_References" SELECT id, patient, code FROM measured, unnest(ARRAY['subject', 'patient']) AS code;
COMMIT;
VACUUM ANALYZE;
