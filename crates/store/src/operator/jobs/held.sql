-- What these jobs hold on the node. The jobs without a file have no row.
SELECT f.job_id, count(*) AS files, sum(f.stored_bytes)::bigint AS bytes
FROM bulk_export_files f
WHERE f.job_id = ANY ($1)
GROUP BY f.job_id
