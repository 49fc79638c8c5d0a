-- The last minutes, the oldest first; minutes in which nothing ended have a row too.
SELECT count(p.ended_at) AS parts, coalesce(sum(p.rows), 0)::bigint AS resources, coalesce(sum(p.bytes), 0)::bigint AS bytes
FROM generate_series($1 - 1, 0, -1) AS m (minute)
LEFT JOIN (
    SELECT p.ended_at, p.rows, p.bytes, floor(extract(epoch FROM now() - p.ended_at)::float8 / 60)::integer AS minute
    FROM bulk_export_parts p
    WHERE p.state = 'done' AND p.kind = 'export' AND p.ended_at > now() - interval '1 minute' * $1
) p ON p.minute = m.minute
GROUP BY m.minute
ORDER BY m.minute DESC
