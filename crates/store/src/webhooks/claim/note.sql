-- How an attempt ended. It hits nothing when the attempt is not the last one any more.
UPDATE bulk_export_deliveries
SET state = $3,
    lease_until = NULL,
    last_status = $4,
    last_error = $5,
    next_at = coalesce(clock_timestamp() + interval '1 second' * $6, next_at),
    delivered_at = CASE WHEN $3 = 'delivered' THEN clock_timestamp() END
WHERE id = $1 AND attempts = $2 AND state = 'due'
