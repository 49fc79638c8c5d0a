DELETE FROM bulk_export_deliveries
WHERE id IN (
    SELECT d.id
    FROM bulk_export_deliveries d JOIN bulk_export_webhooks w ON w.id = d.webhook_id
    WHERE d.created_at < statement_timestamp() - interval '1 second' * least($1, $2)
      AND ((d.state = 'delivered' AND d.created_at < statement_timestamp() - interval '1 second' * $1)
        OR ((d.state = 'parked' OR w.disabled_at IS NOT NULL) AND d.created_at < statement_timestamp() - interval '1 second' * $2))
    ORDER BY d.created_at
    LIMIT $3
    FOR UPDATE OF d SKIP LOCKED
)
