SELECT w.name, w.version, w.slots, w.running, w.claiming, w.note, w.started_at, w.seen_at,
       extract(epoch FROM clock_timestamp() - w.seen_at)::float8 AS silent
FROM bulk_export_workers w
ORDER BY w.started_at, w.name
