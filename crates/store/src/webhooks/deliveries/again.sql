-- One delivery whatever its state, or all that were given up. A lease stays: who holds it may still be sending.
UPDATE bulk_export_deliveries
SET state = 'due', attempts = 0, next_at = clock_timestamp(), delivered_at = NULL, last_error = NULL
WHERE webhook_id = $1 AND (id = $2 OR ($2 IS NULL AND state = 'parked'))
