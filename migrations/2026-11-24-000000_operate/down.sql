DROP INDEX idx_bulk_export_audit_at;
ALTER TABLE bulk_export_audit DROP CONSTRAINT bulk_export_audit_action_check;
-- The trail is not rewritten: where a newer action is in it, there is no way down.
ALTER TABLE bulk_export_audit ADD CONSTRAINT bulk_export_audit_action_check CHECK (action IN (
    'kick_off', 'download', 'cancel', 'complete', 'fail', 'expire', 'deny'
));
DROP TABLE bulk_export_deliveries;
DROP TABLE bulk_export_webhooks;
ALTER TABLE bulk_export_node
    DROP COLUMN repo_bytes, DROP COLUMN capacity_bytes, DROP COLUMN private, DROP COLUMN measured_at,
    DROP COLUMN pins, DROP COLUMN unowned_pins, DROP COLUMN swept_at;
DROP TABLE bulk_export_workers;
DROP TABLE bulk_export_service;
ALTER TABLE bulk_export_parts DROP COLUMN started_at, DROP COLUMN ended_at;
DROP INDEX idx_bulk_export_created;
ALTER TABLE bulk_export_jobs DROP COLUMN file_rows, DROP COLUMN trace_parent, DROP COLUMN ended_at;
