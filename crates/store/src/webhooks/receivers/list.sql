SELECT w.id, w.requester_id, w.url, w.events, cardinality(w.secrets) > 1 AS rotating, w.created_at, w.disabled_at,
       (SELECT count(*) FROM bulk_export_deliveries d WHERE d.webhook_id = w.id AND d.state = 'due') AS due,
       (SELECT count(*) FROM bulk_export_deliveries d WHERE d.webhook_id = w.id AND d.state = 'parked') AS parked
FROM bulk_export_webhooks w
WHERE ($1 IS NULL OR w.requester_id = $1)
  AND ($2 IS NULL OR (w.created_at, w.id) < ($2, $3))
ORDER BY w.created_at DESC, w.id DESC
LIMIT $4
