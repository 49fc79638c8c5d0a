DROP INDEX idx_bulk_export_unreleased;
CREATE INDEX idx_bulk_export_unreleased ON bulk_export_jobs (updated_at) WHERE status = 'cancelled' AND released_at IS NULL;
ALTER TABLE bulk_export_jobs DROP COLUMN discard;
DROP INDEX idx_bulk_export_ended;
DROP INDEX idx_bulk_export_under_way;
