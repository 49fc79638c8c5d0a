-- The types of which the store has anything: one look at each type's own index.
SELECT wanted.resource_type, 0::bigint AS versions
FROM unnest($1) AS wanted (resource_type)
WHERE $2 IS NULL
  AND EXISTS (SELECT FROM resource_version v WHERE v.resource_type = wanted.resource_type)
