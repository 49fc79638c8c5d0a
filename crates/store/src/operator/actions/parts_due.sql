-- As if they had never been tried; what they last failed of stays readable until they are done.
UPDATE bulk_export_parts
SET state = 'due', attempts = 0, handed_back = 0, rows = 0, bytes = 0, worker = NULL, started_at = NULL, ended_at = NULL,
    next_at = clock_timestamp()
WHERE job_id = $1 AND state = 'failed'
