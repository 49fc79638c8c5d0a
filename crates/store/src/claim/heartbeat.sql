UPDATE bulk_export_parts
SET lease_until = clock_timestamp() + interval '1 second' * $4, rows = $5, bytes = $6
WHERE job_id = $1 AND ordinal = $2 AND generation = $3 AND state = 'running'
