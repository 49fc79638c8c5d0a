SELECT f.id
FROM bulk_export_files f JOIN bulk_export_jobs j ON j.id = f.job_id
WHERE (j.status = 'cancelled' OR j.discard OR j.expires_at <= clock_timestamp() - interval '1 second' * $1)
  AND f.id <> ALL ($3)
ORDER BY j.expires_at
LIMIT $2
