-- What is looked at every few seconds by every replica, and by whoever reads the audit.
CREATE INDEX idx_bulk_export_parts_failed ON bulk_export_parts (job_id) WHERE state = 'failed';
CREATE INDEX idx_bulk_export_deliveries_open ON bulk_export_deliveries (state, created_at) WHERE state IN ('due', 'parked');
CREATE INDEX idx_bulk_export_audit_requester ON bulk_export_audit (requester_id, id);
