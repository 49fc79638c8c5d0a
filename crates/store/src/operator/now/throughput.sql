SELECT s.minutes, count(p.ended_at) AS parts, coalesce(sum(p.rows), 0)::bigint AS resources, coalesce(sum(p.bytes), 0)::bigint AS bytes
FROM (VALUES (1), (5), (60)) AS s (minutes)
LEFT JOIN LATERAL (
    SELECT p.ended_at, p.rows, p.bytes FROM bulk_export_parts p
    WHERE p.state = 'done' AND p.kind = 'export' AND p.ended_at > clock_timestamp() - interval '1 minute' * s.minutes
) p ON true
GROUP BY s.minutes
ORDER BY s.minutes
