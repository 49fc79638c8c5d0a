-- A request while a worker is at an older one makes that worker's sweep not the last: it is asked for anew.
UPDATE bulk_export_service SET sweep_wanted_at = clock_timestamp() RETURNING sweep_wanted_at
