SELECT j.id, j.status, j.progress, j.total_resources, j.error, j.expires_at, j.updated_at, done.rows, done.seconds
FROM bulk_export_jobs j
LEFT JOIN LATERAL (
    SELECT coalesce(sum(p.rows), 0)::bigint AS rows,
           extract(epoch FROM clock_timestamp() - min(p.started_at))::double precision AS seconds
    FROM bulk_export_parts p
    WHERE p.job_id = j.id AND p.kind = 'export'
) done ON j.status = 'in_progress'
WHERE j.id = ANY ($1)
