-- Those who have something due and to whom nobody delivers: who takes what it is sent before who failed, then whoever waited
-- longest. Another worker's receivers are passed over. The clock is the statement's: it does not move within it, so that the index can be used.
SELECT w.id
FROM bulk_export_webhooks w
CROSS JOIN LATERAL (
    SELECT d.next_at, d.attempts
    FROM bulk_export_deliveries d
    WHERE d.webhook_id = w.id AND d.state = 'due' AND d.next_at <= statement_timestamp()
    ORDER BY d.next_at
    LIMIT 1
) due
WHERE w.disabled_at IS NULL
  AND NOT EXISTS (
      SELECT 1 FROM bulk_export_deliveries d WHERE d.webhook_id = w.id AND d.lease_until > statement_timestamp()
  )
ORDER BY due.attempts > 0, due.next_at
LIMIT $1
FOR NO KEY UPDATE OF w SKIP LOCKED
