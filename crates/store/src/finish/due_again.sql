UPDATE bulk_export_parts
SET state = 'due',
    lease_until = NULL,
    next_at = clock_timestamp() + interval '1 second' * $4,
    attempts = attempts - $5,
    handed_back = handed_back + $5,
    rows = 0,
    bytes = 0,
    error = $6
WHERE job_id = $1 AND ordinal = $2 AND generation = $3 AND state = 'running'
