UPDATE bulk_export_deliveries d
SET lease_until = clock_timestamp() + interval '1 second' * $2, attempts = d.attempts + 1
FROM unnest($1) AS chosen (id)
JOIN bulk_export_webhooks w ON w.id = chosen.id AND w.disabled_at IS NULL
CROSS JOIN LATERAL (
    SELECT n.id
    FROM bulk_export_deliveries n
    WHERE n.webhook_id = chosen.id AND n.state = 'due' AND n.next_at <= statement_timestamp()
    ORDER BY n.next_at
    LIMIT 1
) next
WHERE d.id = next.id
  AND NOT EXISTS (
      SELECT 1 FROM bulk_export_deliveries o WHERE o.webhook_id = chosen.id AND o.lease_until > statement_timestamp()
  )
RETURNING d.id, d.webhook_id, d.job_id, d.payload, d.attempts, w.url, w.secrets, clock_timestamp() AS at
