-- By the partial indexes of what is due and what runs: the parts of ended jobs are never looked at. now() is stable within
-- the statement, which an index needs.
SELECT due.now AS due, due.later AS resting, due.oldest AS oldest_due, running.standing AS running, running.abandoned,
       ending.files AS to_release
FROM (
    SELECT count(*) FILTER (WHERE p.next_at <= now()) AS now,
           count(*) FILTER (WHERE p.next_at > now()) AS later,
           extract(epoch FROM now() - min(p.next_at) FILTER (WHERE p.next_at <= now()))::float8 AS oldest
    FROM bulk_export_parts p WHERE p.state = 'due'
) due, (
    SELECT count(*) FILTER (WHERE p.lease_until >= now()) AS standing,
           count(*) FILTER (WHERE p.lease_until < now()) AS abandoned
    FROM bulk_export_parts p WHERE p.state = 'running'
) running, (
    SELECT count(*) AS files
    FROM bulk_export_jobs j JOIN bulk_export_files f ON f.job_id = j.id
    WHERE j.expires_at <= now() OR (j.status = 'cancelled' AND j.released_at IS NULL)
) ending
