-- What to look at after relation.sql, as the owner of Medplum's tables: psql -f check.sql. It reads all rows, and takes
-- as long.

\set ON_ERROR_STOP on
\pset null '(null)'

\echo 'Must be empty: what makes the worker refuse to start.'
SELECT reason, example FROM bulk_export.medplum_refusal;

\echo 'What would be exported for everyone, of all the rows: another project''s, deleted ones and those of no patient are not.'
SELECT resource_type, count(*) FILTER (WHERE in_patient_compartment) AS exported, count(*) AS rows
FROM bulk_export.medplum GROUP BY resource_type HAVING count(*) > 0 ORDER BY resource_type;

\echo 'Patients that Medplum counts into a resource''s compartments and the relation does not. None but those whom meta.account'
\echo 'names are to be expected; more mean that TYPE_References is not complete: let Medplum reindex.'
SELECT string_agg(format($query$
    SELECT %1$L AS resource_type, count(*) AS patients
    FROM public.%1$I AS resource CROSS JOIN unnest(resource.compartments) AS compartment
    JOIN bulk_export.medplum AS patient ON patient.resource_type = 'Patient' AND patient.key = compartment
        AND patient.in_patient_compartment
    WHERE NOT resource.deleted AND NOT EXISTS (
        SELECT FROM bulk_export.medplum_membership AS membership
        WHERE membership.resource_type = %1$L AND membership.key = resource.id AND membership.patient_id = compartment
    ) HAVING count(*) > 0$query$, resource_type), ' UNION ALL ')
FROM (SELECT DISTINCT resource_type FROM bulk_export.medplum) AS types
\gexec
