-- The shape of a type's versions: times that cut them into buckets of about equal size within the job's window, and the
-- mean size of their bodies. From the statistics of the type's partition, which know times that many versions share (a
-- batch of a load has one) by their share of the rows, and of the others a histogram: each time stands as often as its
-- share of a thousand. The size is that of a few versions at each of these times: some hundred looks at an index.
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
), weighed AS MATERIALIZED (
    SELECT bound, 1000 * share AS weight
    FROM statistics, unnest(common, shares) AS known (bound, share)
    UNION ALL
    SELECT bound, 1000 * (1 - coalesce((SELECT sum(share) FROM unnest(shares) AS share), 0)) / cardinality(histogram)
    FROM statistics, unnest(histogram) AS bound
), bounds AS (
    SELECT first AS bound FROM ends
    UNION ALL
    SELECT last FROM ends
    UNION ALL
    SELECT bound FROM weighed, ends, generate_series(1, greatest(1, round(weight)::int))
    WHERE bound > first AND bound < last
), sample AS (
    SELECT (
        SELECT avg(octet_length(some_of.body)) FROM (
            SELECT v.body FROM resource_version v
            WHERE v.resource_type = $1 AND v.valid_from >= looked_at.bound AND v.body IS NOT NULL
            ORDER BY v.valid_from, v.id
            LIMIT 3
        ) AS some_of
    ) AS bytes
    FROM (SELECT bound FROM weighed UNION SELECT first FROM ends) AS looked_at
)
SELECT (SELECT coalesce(array_agg(bound ORDER BY bound), '{}') FROM bounds WHERE bound IS NOT NULL) AS bounds,
       (SELECT avg(bytes)::bigint FROM sample) AS bytes
