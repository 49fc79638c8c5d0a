-- Webhooks: when a job's expiry was told, and what the deliveries are found by.

ALTER TABLE bulk_export_jobs
    -- When it was noticed, and told, that `expires_at` had come. The row goes only after that.
    ADD COLUMN expired_at timestamptz;
CREATE INDEX idx_bulk_export_unexpired ON bulk_export_jobs (expires_at)
    WHERE expired_at IS NULL AND status IN ('completed', 'failed');

-- A failed job that is retried may fail again, and that is told again. That nothing is told twice is seen to by the job's
-- own transitions, in whose transactions deliveries are written.
ALTER TABLE bulk_export_deliveries DROP CONSTRAINT bulk_export_deliveries_webhook_id_job_id_event_key;
CREATE INDEX idx_bulk_export_deliveries_job ON bulk_export_deliveries (job_id);
CREATE INDEX idx_bulk_export_deliveries_leased ON bulk_export_deliveries (webhook_id) WHERE lease_until IS NOT NULL;
CREATE INDEX idx_bulk_export_deliveries_parked ON bulk_export_deliveries (webhook_id) WHERE state = 'parked';
CREATE INDEX idx_bulk_export_deliveries_webhook ON bulk_export_deliveries (webhook_id, created_at);
