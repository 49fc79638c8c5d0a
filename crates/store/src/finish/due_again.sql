UPDATE bulk_export_parts
SET state = 'due',
    lease_until = NULL,
    -- A part that is handed back again and again rests longer each time: what is away may stay away for a while.
    next_at = clock_timestamp() + interval '1 second' * $4 * CASE WHEN $5 = 1 THEN power(2, least(handed_back, 7)) ELSE 1 END,
    attempts = attempts - $5,
    handed_back = handed_back + $5,
    rows = 0,
    bytes = 0,
    error = $6,
    ended_at = clock_timestamp()
WHERE job_id = $1 AND ordinal = $2 AND generation = $3 AND state = 'running'
