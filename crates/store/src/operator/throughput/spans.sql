-- now(), not clock_timestamp(): only what is stable within the statement can use the index.
SELECT count(p.age) FILTER (WHERE p.age < s.minutes) AS parts,
       coalesce(sum(p.rows) FILTER (WHERE p.age < s.minutes), 0)::bigint AS resources,
       coalesce(sum(p.bytes) FILTER (WHERE p.age < s.minutes), 0)::bigint AS bytes
FROM (VALUES (1), (5), (60)) AS s (minutes)
LEFT JOIN (
    SELECT extract(epoch FROM now() - p.ended_at)::float8 / 60 AS age, p.rows, p.bytes
    FROM bulk_export_parts p
    WHERE p.state = 'done' AND p.kind = 'export' AND p.ended_at > now() - interval '60 minutes'
) p ON true
GROUP BY s.minutes
ORDER BY s.minutes
