-- What to look at after relation.sql, as the owner of Medplum's tables: psql -f check.sql. It reads all rows, and takes
-- as long.

\set ON_ERROR_STOP on

\echo 'Must be empty: what makes the worker refuse to start.'
SELECT reason, example FROM bulk_export.medplum_patient_refusal;

\echo 'What would be exported for everyone, of what the project has. The others are in no patient''s compartment.'
SELECT string_agg(format($query$
    SELECT %L AS resource_type, count(*) FILTER (WHERE in_patient_compartment) AS exported, count(*) AS stored
    FROM bulk_export.%I HAVING count(*) > 0$query$, relname, viewname), ' UNION ALL ' ORDER BY relname)
FROM pg_views JOIN pg_class ON viewname = 'medplum_' || lower(relname) AND relnamespace = 'public'::regnamespace
WHERE schemaname = 'bulk_export'
\gexec

\echo 'Patients that Medplum counts into a resource''s compartments and the relation does not. None but those whom meta.account'
\echo 'names are to be expected; more mean that TYPE_References is not complete: let Medplum reindex.'
SELECT string_agg(format($query$
    SELECT %1$L AS resource_type, count(*) AS patients
    FROM bulk_export.%2$I AS exported JOIN public.%1$I AS resource ON resource.id = exported.key
    CROSS JOIN unnest(resource.compartments) AS compartment
    JOIN bulk_export.medplum_patient AS patient ON patient.key = compartment
    WHERE NOT EXISTS (
        SELECT FROM bulk_export.%3$I AS membership
        WHERE membership.key = resource.id AND membership.patient_id = compartment
    ) HAVING count(*) > 0$query$, relname, viewname, viewname || '_membership'), ' UNION ALL ' ORDER BY relname)
FROM pg_views JOIN pg_class ON viewname = 'medplum_' || lower(relname) AND relnamespace = 'public'::regnamespace
WHERE schemaname = 'bulk_export'
\gexec
