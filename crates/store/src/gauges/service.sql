-- What the whole service is like, a gauge a row. Partial indexes, index-only scans and single rows: never the tables of
-- parts or jobs. A value that nobody knows yet is NULL.
SELECT told.name, told.state, told.value::float8
FROM
    (SELECT clock_timestamp() AS now) clock,
    (SELECT count(*) FILTER (WHERE status = 'pending') AS pending,
            count(*) FILTER (WHERE status = 'in_progress') AS in_progress,
            count(*) FILTER (WHERE status = 'completed') AS completed,
            count(*) FILTER (WHERE status = 'failed') AS failed,
            count(*) FILTER (WHERE status = 'cancelled') AS cancelled
     FROM bulk_export_jobs) jobs,
    (SELECT count(*) FILTER (WHERE next_at <= statement_timestamp()) AS due,
            count(*) FILTER (WHERE next_at > statement_timestamp()) AS resting,
            min(next_at) AS oldest
     FROM bulk_export_parts
     WHERE state = 'due') due,
    -- A lease that ran out is due again.
    (SELECT count(*) FILTER (WHERE lease_until >= statement_timestamp()) AS held,
            count(*) FILTER (WHERE lease_until < statement_timestamp()) AS lapsed,
            min(lease_until) AS oldest
     FROM bulk_export_parts
     WHERE state = 'running') running,
    (SELECT count(*) AS parts FROM bulk_export_parts WHERE state = 'failed') failed,
    (SELECT count(*) AS alive, count(*) FILTER (WHERE claiming) AS claiming
     FROM bulk_export_workers
     WHERE seen_at > statement_timestamp() - interval '1 second' * $1) workers,
    (SELECT coalesce(min(created_at), clock_timestamp()) AS created_at FROM bulk_export_jobs) first,
    bulk_export_node node,
    -- What waits for a receiver that is disabled waits on purpose.
    (SELECT count(*) FILTER (WHERE d.state = 'due') AS due,
            count(*) FILTER (WHERE d.state = 'parked') AS parked,
            min(d.created_at) FILTER (WHERE d.state = 'due' AND w.disabled_at IS NULL) AS oldest
     FROM bulk_export_deliveries d JOIN bulk_export_webhooks w ON w.id = d.webhook_id
     WHERE d.state IN ('due', 'parked')) webhooks,
    bulk_export_service service,
    LATERAL (VALUES
        ('bulk_export_jobs', 'pending', jobs.pending),
        ('bulk_export_jobs', 'in_progress', jobs.in_progress),
        ('bulk_export_jobs', 'completed', jobs.completed),
        ('bulk_export_jobs', 'failed', jobs.failed),
        ('bulk_export_jobs', 'cancelled', jobs.cancelled),
        ('bulk_export_parts', 'due', due.due + running.lapsed),
        ('bulk_export_parts', 'resting', due.resting),
        ('bulk_export_parts', 'running', running.held),
        ('bulk_export_parts', 'failed', failed.parts),
        ('bulk_export_oldest_due_part_age_seconds', NULL, greatest(0, extract(epoch FROM clock.now - least(due.oldest, running.oldest)))),
        ('bulk_export_workers_alive', NULL, workers.alive),
        ('bulk_export_workers_claiming', NULL, workers.claiming),
        ('bulk_export_node_bytes', NULL, node.repo_bytes),
        ('bulk_export_node_capacity_bytes', NULL, node.capacity_bytes),
        ('bulk_export_node_private', NULL, node.private::integer),
        ('bulk_export_node_measurement_age_seconds', NULL, extract(epoch FROM clock.now - node.measured_at)),
        ('bulk_export_pins', NULL, node.pins),
        ('bulk_export_unowned_pins', NULL, node.unowned_pins),
        ('bulk_export_last_sweep_age_seconds', NULL, extract(epoch FROM clock.now - coalesce(node.swept_at, first.created_at))),
        ('bulk_export_webhook_backlog', 'due', webhooks.due),
        ('bulk_export_webhook_backlog', 'parked', webhooks.parked),
        ('bulk_export_webhook_oldest_due_age_seconds', NULL, greatest(0, extract(epoch FROM clock.now - webhooks.oldest))),
        ('bulk_export_paused', NULL, (service.paused_at IS NOT NULL)::integer)
    ) AS told (name, state, value)
