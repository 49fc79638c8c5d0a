-- A job for operators: whether it is one patient's, never which patient's.
SELECT j.requester_id, j.requester_role, j.subject_patient IS NULL AS everyone, j.status,
       coalesce(j.expires_at <= clock_timestamp(), false) AS expired, j.progress, j.total_resources, j.resource_types, j.since,
       j.file_rows, j.transaction_time, j.created_at, j.updated_at, j.ended_at, j.expires_at, j.error,
       held.files, held.bytes
FROM bulk_export_jobs j, LATERAL (
    SELECT count(*) AS files, coalesce(sum(f.stored_bytes), 0)::bigint AS bytes FROM bulk_export_files f WHERE f.job_id = j.id
) held
WHERE j.id = $1
