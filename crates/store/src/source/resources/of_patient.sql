-- The types of which the store has anything of this patient, and how many versions: counted no further than matters for
-- a progress in percent.
SELECT wanted.resource_type, hers.versions
FROM unnest($1) AS wanted (resource_type)
CROSS JOIN LATERAL (
    SELECT count(*) AS versions
    FROM (
        SELECT FROM resource_compartment c
        WHERE c.patient_id = $2 AND c.resource_type = wanted.resource_type
        LIMIT 10000
    ) AS counted
) hers
WHERE hers.versions > 0
