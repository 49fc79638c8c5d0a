SELECT job_id, count(*) AS parts
FROM (
    SELECT p.job_id, j.turn_at AS since
    FROM bulk_export_parts p JOIN bulk_export_jobs j ON j.id = p.job_id
    WHERE j.status IN ('pending', 'in_progress')
      AND ((p.state = 'due' AND p.next_at <= clock_timestamp() - interval '1 second' * $1)
        OR (p.state = 'running' AND p.lease_until < clock_timestamp()))
    UNION ALL
    SELECT j.id, j.updated_at
    FROM bulk_export_jobs j
    WHERE j.released_at IS NULL AND (j.status = 'cancelled' OR j.discard) AND j.updated_at <= clock_timestamp() - interval '1 second' * $1
) due
GROUP BY job_id
ORDER BY min(since)
LIMIT $2
