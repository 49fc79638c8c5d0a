DROP INDEX idx_bulk_export_deliveries_webhook;
DROP INDEX idx_bulk_export_deliveries_parked;
DROP INDEX idx_bulk_export_deliveries_leased;
DROP INDEX idx_bulk_export_deliveries_job;
-- Of what was told twice, the last stays.
DELETE FROM bulk_export_deliveries d USING bulk_export_deliveries later
    WHERE (d.webhook_id, d.job_id, d.event) = (later.webhook_id, later.job_id, later.event)
      AND (d.created_at, d.id) < (later.created_at, later.id);
ALTER TABLE bulk_export_deliveries ADD UNIQUE (webhook_id, job_id, event);
DROP INDEX idx_bulk_export_unexpired;
ALTER TABLE bulk_export_jobs DROP COLUMN expired_at;
