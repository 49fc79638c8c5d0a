-- Times that cut a type's versions into buckets of about equal size, within the job's window: the histogram of the type's
-- partition, and the window's own first and last time around it.
WITH ends AS (
    SELECT (SELECT valid_from FROM resource_version WHERE resource_type = $1 AND ($2 IS NULL OR valid_from > $2)
            ORDER BY valid_from LIMIT 1) AS first,
           (SELECT valid_from FROM resource_version WHERE resource_type = $1 AND valid_from <= $3
            ORDER BY valid_from DESC LIMIT 1) AS last
), histogram AS (
    SELECT unnest(s.histogram_bounds::text::timestamptz[]) AS bound
    FROM pg_stats s
    JOIN pg_class c ON c.relname = s.tablename
        AND c.oid = coalesce(to_regclass('resource_version_' || lower($1)), to_regclass('resource_version_default'))
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = s.schemaname
    WHERE s.attname = 'valid_from'
)
SELECT coalesce(array_agg(bound ORDER BY bound), '{}') AS bounds
FROM (
    SELECT first AS bound FROM ends
    UNION
    SELECT last FROM ends
    UNION
    SELECT bound FROM histogram, ends WHERE bound > first AND bound < last
) all_bounds
WHERE bound IS NOT NULL
