-- Spelled as the partial index spells it.
SELECT j.id FROM bulk_export_jobs j
WHERE j.released_at IS NULL AND (j.status = 'cancelled' OR j.discard)
ORDER BY j.updated_at
LIMIT 100
