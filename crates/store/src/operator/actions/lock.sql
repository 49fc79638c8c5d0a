-- The job's row comes first, as everywhere. Of a job that passed a limit of its own the files go, if they have not gone yet. A part that is done and wrote something has a file while the job can go on.
SELECT j.status,
       coalesce(j.expires_at <= clock_timestamp(), false) AS expired,
       j.discard OR EXISTS (
           SELECT 1 FROM bulk_export_parts p
           WHERE p.job_id = j.id AND p.state = 'done' AND p.rows > 0
             AND NOT EXISTS (SELECT 1 FROM bulk_export_files f WHERE f.job_id = p.job_id AND f.ordinal = p.ordinal)
       ) AS files_gone
FROM bulk_export_jobs j
WHERE j.id = $1
FOR UPDATE OF j
