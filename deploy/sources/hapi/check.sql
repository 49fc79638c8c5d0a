-- What to look at after relation.sql, as the owner of HAPI's tables: psql -f check.sql. It reads all rows, and takes as
-- long.

\set ON_ERROR_STOP on
\pset null '(null)'

\echo 'Must be empty: what makes the worker refuse to start.'
SELECT reason, example FROM bulk_export.hapi_refusal;

\echo 'Must be seconds after a write to HAPI, and never below zero: else the zone that relation.sql was given is wrong.'
SELECT clock_timestamp() - max(last_updated) AS since_the_newest_write FROM bulk_export.hapi;

\echo 'The partitions, by how many resources each has. One relation exports one tenant.'
SELECT partition_id, count(*) AS resources FROM hfj_resource WHERE res_deleted_at IS NULL GROUP BY partition_id ORDER BY 2 DESC;

\echo 'What would be exported for everyone, of all the rows. Without a body: a line of the error file, since the current version'
\echo 'is not in hfj_res_ver.'
SELECT
    resource_type,
    count(*) FILTER (WHERE in_patient_compartment) AS exported,
    count(*) FILTER (WHERE in_patient_compartment AND body IS NULL) AS without_body,
    count(*) AS rows
FROM bulk_export.hapi GROUP BY resource_type ORDER BY resource_type;

\echo 'How tags are stored. Bodies that have tags, profiles or labels in their meta mean inline; rows of hfj_res_tag mean tables.'
SELECT
    (SELECT count(*) FROM hfj_res_tag) AS in_tables,
    count(*) FILTER (WHERE res_text_vc ~ '^{"resourceType":"[A-Za-z]+","meta":{[^}]*"(tag|profile|security)"') AS inline_of_1000
FROM (SELECT res_text_vc FROM hfj_res_ver ORDER BY pid DESC LIMIT 1000) AS newest;

\echo 'Elements that name a stored patient and put nothing into her compartment. Those of R4 that are expected here, such as'
\echo 'Observation.focus, are no members; an element of the compartment must not be among them.'
SELECT source_resource_type, src_path, count(*) AS links
FROM hfj_res_link
WHERE target_resource_type = 'Patient' AND target_resource_id IS NOT NULL
    AND split_part(src_path, '.where(', 1) <> ALL (bulk_export.hapi_compartment())
GROUP BY 1, 2 ORDER BY 3 DESC;
