UPDATE bulk_export_service
SET sweep_lease_until = clock_timestamp() + interval '1 second' * $1
WHERE sweep_wanted_at IS NOT NULL AND (sweep_lease_until IS NULL OR sweep_lease_until < clock_timestamp())
RETURNING sweep_wanted_at
