-- What a job has written so far, by the parts that are done and the last heartbeats of those that run.
SELECT (SELECT coalesce(sum(p.rows), 0)::bigint FROM bulk_export_parts p WHERE p.job_id = $1 AND p.kind = 'export') AS resources,
       (SELECT coalesce(sum(p.bytes), 0)::bigint FROM bulk_export_parts p WHERE p.job_id = $1 AND p.kind = 'export') AS bytes,
       (SELECT count(*) FROM bulk_export_files f WHERE f.job_id = $1) AS files
