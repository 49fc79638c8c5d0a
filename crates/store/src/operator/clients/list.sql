-- The files are looked at only for the requesters that are shown.
WITH asked AS (
    SELECT j.requester_id, max(j.created_at) AS last_at, count(*) AS jobs,
           count(*) FILTER (WHERE j.status IN ('pending', 'in_progress')) AS open,
           count(*) FILTER (WHERE j.status = 'failed') AS failed
    FROM bulk_export_jobs j
    GROUP BY j.requester_id
    ORDER BY last_at DESC, j.requester_id
    LIMIT $1
)
SELECT a.requester_id, last.requester_role AS role, a.open, a.jobs, a.failed, coalesce(held.bytes, 0) AS bytes,
       last.id AS last_job, a.last_at
FROM asked a
CROSS JOIN LATERAL (
    SELECT j.id, j.requester_role FROM bulk_export_jobs j
    WHERE j.requester_id = a.requester_id AND j.created_at = a.last_at ORDER BY j.id DESC LIMIT 1
) last
LEFT JOIN (
    SELECT j.requester_id, sum(f.stored_bytes)::bigint AS bytes
    FROM bulk_export_jobs j JOIN bulk_export_files f ON f.job_id = j.id
    WHERE j.requester_id IN (SELECT requester_id FROM asked)
    GROUP BY j.requester_id
) held ON held.requester_id = a.requester_id
ORDER BY a.last_at DESC, a.requester_id
