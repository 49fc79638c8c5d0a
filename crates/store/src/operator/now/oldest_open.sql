SELECT j.id, j.status, j.progress, extract(epoch FROM clock_timestamp() - j.created_at)::float8 AS age
FROM bulk_export_jobs j
WHERE j.status IN ('pending', 'in_progress')
ORDER BY j.created_at, j.id
LIMIT 1
