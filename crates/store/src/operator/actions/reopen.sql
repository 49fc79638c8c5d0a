UPDATE bulk_export_jobs
SET status = $2, error = NULL, expires_at = NULL, ended_at = NULL, updated_at = clock_timestamp(), turn_at = clock_timestamp()
WHERE id = $1
