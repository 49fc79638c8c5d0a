-- Times that cut a type's versions into buckets of about equal size, within the job's window. The statistics of the type's
-- partition know times that many versions share (a batch of a load has one) by their share of the rows, and of the others a
-- histogram; here each time stands as often as its share of a thousand.
WITH ends AS (
    SELECT (SELECT valid_from FROM resource_version WHERE resource_type = $1 AND ($2 IS NULL OR valid_from > $2)
            ORDER BY valid_from LIMIT 1) AS first,
           (SELECT valid_from FROM resource_version WHERE resource_type = $1 AND valid_from <= $3
            ORDER BY valid_from DESC LIMIT 1) AS last
), statistics AS (
    SELECT s.histogram_bounds::text::timestamptz[] AS histogram, s.most_common_vals::text::timestamptz[] AS common,
           s.most_common_freqs AS shares
    FROM pg_stats s
    JOIN pg_class c ON c.relname = s.tablename
        AND c.oid = coalesce(to_regclass('resource_version_' || lower($1)), to_regclass('resource_version_default'))
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = s.schemaname
    WHERE s.attname = 'valid_from'
), weighed AS (
    SELECT bound, 1000 * share AS weight
    FROM statistics, unnest(common, shares) AS known (bound, share)
    UNION ALL
    SELECT bound, 1000 * (1 - coalesce((SELECT sum(share) FROM unnest(shares) AS share), 0)) / cardinality(histogram)
    FROM statistics, unnest(histogram) AS bound
)
SELECT coalesce(array_agg(bound ORDER BY bound), '{}') AS bounds
FROM (
    SELECT first AS bound FROM ends
    UNION ALL
    SELECT last FROM ends
    UNION ALL
    SELECT bound FROM weighed, ends, generate_series(1, greatest(1, round(weight)::int))
    WHERE bound > first AND bound < last
) all_bounds
WHERE bound IS NOT NULL
