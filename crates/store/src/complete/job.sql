-- The last part completes the job. total_resources becomes exact; output_files is written once and never changes.
UPDATE bulk_export_jobs j
SET status = 'completed',
    progress = 100,
    total_resources = files.total,
    output_files = files.list,
    expires_at = clock_timestamp() + interval '1 second' * $2,
    updated_at = clock_timestamp(),
    ended_at = clock_timestamp()
FROM (
    SELECT coalesce(sum(f.rows) FILTER (WHERE f.kind = 'output'), 0)::bigint AS total,
           coalesce(jsonb_agg(jsonb_build_object(
               'file', f.id, 'kind', f.kind, 'type', f.resource_type, 'count', f.rows, 'size', f.stored_bytes,
               'coding', f.coding, 'decodedSize', f.decoded_bytes, 'sha256', f.sha256, 'cid', f.cid
           ) ORDER BY f.ordinal, f.number), '[]'::jsonb) AS list
    FROM bulk_export_files f
    WHERE f.job_id = $1
) files
WHERE j.id = $1 AND j.status = 'in_progress'
