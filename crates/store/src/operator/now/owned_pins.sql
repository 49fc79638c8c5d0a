SELECT count(DISTINCT f.cid) AS pins, count(*) AS files, coalesce(sum(f.stored_bytes), 0)::bigint AS bytes,
       count(*) FILTER (WHERE ending.yes) AS ending_files,
       coalesce(sum(f.stored_bytes) FILTER (WHERE ending.yes), 0)::bigint AS ending_bytes
FROM bulk_export_files f
JOIN bulk_export_jobs j ON j.id = f.job_id,
LATERAL (SELECT j.status = 'cancelled' OR coalesce(j.expires_at <= clock_timestamp(), false) AS yes) ending
