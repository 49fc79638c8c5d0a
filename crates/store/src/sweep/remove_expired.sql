DELETE FROM bulk_export_jobs
WHERE id IN (
    SELECT j.id
    FROM bulk_export_jobs j
    WHERE j.expires_at <= clock_timestamp() - interval '1 second' * $1
      -- Not before it was told; of a cancelled job there is nothing more to tell.
      AND (j.expired_at IS NOT NULL OR j.status = 'cancelled')
      AND NOT EXISTS (SELECT 1 FROM bulk_export_files f WHERE f.job_id = j.id)
    ORDER BY j.expires_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
RETURNING id, trace_parent
