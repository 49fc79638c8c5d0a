UPDATE bulk_export_jobs
SET expired_at = clock_timestamp()
WHERE id IN (
    SELECT j.id
    FROM bulk_export_jobs j
    WHERE j.expired_at IS NULL AND j.status IN ('completed', 'failed') AND j.expires_at <= statement_timestamp()
    ORDER BY j.expires_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
RETURNING id
