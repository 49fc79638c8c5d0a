-- Percent by resources, never going back, and never 100 before the end.
UPDATE bulk_export_jobs j
SET total_resources = greatest(j.total_resources, done.rows),
    progress = greatest(j.progress, least(99, 100 * done.rows / greatest(j.total_resources, done.rows, 1)))::integer,
    updated_at = clock_timestamp()
FROM (SELECT coalesce(sum(p.rows), 0)::bigint AS rows FROM bulk_export_parts p WHERE p.job_id = $1 AND p.kind = 'export') done
WHERE j.id = $1 AND j.status = 'in_progress' AND j.total_resources IS NOT NULL
