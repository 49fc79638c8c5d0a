SELECT id, disabled_at IS NULL AS enabled FROM bulk_export_webhooks WHERE id = $1 FOR NO KEY UPDATE
