-- The mean size of a type's bodies, from a few versions at each time that the statistics know: some hundred looks at an
-- index.
WITH ends AS (
    SELECT (SELECT valid_from FROM resource_version WHERE resource_type = $1 ORDER BY valid_from LIMIT 1) AS first
), known AS (
    SELECT unnest(s.histogram_bounds::text::timestamptz[] || s.most_common_vals::text::timestamptz[]) AS bound
    FROM pg_stats s
    JOIN pg_class c ON c.relname = s.tablename
        AND c.oid = coalesce(to_regclass('resource_version_' || lower($1)), to_regclass('resource_version_default'))
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = s.schemaname
    WHERE s.attname = 'valid_from'
)
SELECT (avg(octet_length(sampled.body)))::bigint AS bytes
FROM (SELECT first AS bound FROM ends UNION SELECT bound FROM known) bounds
CROSS JOIN LATERAL (
    SELECT v.body FROM resource_version v
    WHERE v.resource_type = $1 AND v.valid_from >= bounds.bound AND v.body IS NOT NULL
    ORDER BY v.valid_from, v.id
    LIMIT 3
) sampled
