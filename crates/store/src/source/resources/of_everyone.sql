-- The types of which the store has anything: one look at each type's own index. Ordered and limited, so that the planner
-- has no other way: as a semi-join it would read a whole partition.
SELECT wanted.resource_type, 0::bigint AS versions
FROM unnest($1) AS wanted (resource_type)
CROSS JOIN LATERAL (
    SELECT FROM resource_version v WHERE v.resource_type = wanted.resource_type ORDER BY v.valid_from LIMIT 1
) first
WHERE $2 IS NULL
