-- The shape of what an export holds of a type: stretches of time with the bytes that lie in each, by its own measure, and
-- the mean size of a resource. Where the versions lie is known from the statistics of the type's partition: times that many
-- versions share (a batch of a load has one) by their share of the rows, and of the others a histogram. What of them the
-- export holds, and how large that is, a few versions at the beginning of each stretch tell: some hundred looks at an index.
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
), known AS (
    SELECT bound AS since, bound AS until, share::float8 AS versions
    FROM statistics, unnest(common, shares) AS common_time (bound, share)
    UNION ALL
    SELECT bound, lead(bound) OVER (ORDER BY bound),
           (1 - coalesce((SELECT sum(share) FROM unnest(shares) AS share), 0)) / greatest(cardinality(histogram) - 1, 1)
    FROM statistics, unnest(histogram) AS bound
), stretches AS (
    SELECT since, until, versions FROM known WHERE until IS NOT NULL
    UNION ALL
    -- What was written since the statistics were made counts as a bucket; without statistics all is one stretch.
    SELECT coalesce((SELECT max(since) FROM known), '-infinity'), 'infinity', 0.01
), within AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY greatest(since, first), least(until, last)) AS place,
           greatest(since, first) AS since, least(until, last) AS until,
           versions * CASE WHEN since = until OR NOT isfinite(since) OR NOT isfinite(until) THEN 1
               ELSE extract(epoch FROM least(until, last) - greatest(since, first)) / extract(epoch FROM until - since)
           END AS versions
    FROM stretches, ends
    WHERE since <= last AND until >= first
), looks AS MATERIALIZED (
    SELECT within.place, look.bytes
    FROM within CROSS JOIN LATERAL (
        SELECT CASE WHEN v.in_patient_compartment AND NOT v.deleted AND (v.valid_to IS NULL OR v.valid_to > $3)
            THEN octet_length(v.body) + 1 END AS bytes
        FROM resource_version v
        WHERE v.resource_type = $1 AND v.valid_from >= within.since AND v.valid_from <= $3
        ORDER BY v.valid_from, v.id
        LIMIT 12
    ) AS look
), weighed AS (
    -- The size is the median of a stretch and its neighbours: a single large resource is no sign of more.
    SELECT within.since, within.until,
           within.versions * (SELECT count(looks.bytes)::float8 / greatest(count(*), 1) FROM looks WHERE looks.place = within.place)
               * coalesce((SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY looks.bytes) FROM looks
                           WHERE looks.place BETWEEN within.place - 2 AND within.place + 2), 0) AS weight
    FROM within
)
SELECT coalesce(array_agg(since ORDER BY since, until), '{}') AS since, coalesce(array_agg(until ORDER BY since, until), '{}') AS until,
       coalesce(array_agg(weight ORDER BY since, until), '{}') AS weights,
       (SELECT avg(bytes)::bigint FROM looks) AS bytes
FROM weighed
WHERE weight > 0
