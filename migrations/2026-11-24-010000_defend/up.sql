-- What the limits need: whose jobs are under way, how fast jobs end, and which jobs' files go at once.

-- Each kick-off counts these.
CREATE INDEX idx_bulk_export_under_way ON bulk_export_jobs (requester_id) WHERE status IN ('pending', 'in_progress');
-- How fast jobs ended lately: when a refused client is told to ask again.
CREATE INDEX idx_bulk_export_ended ON bulk_export_jobs (ended_at) WHERE ended_at IS NOT NULL;

-- Failed because it passed a limit of its own: its files go at once, as a cancelled job's, and it cannot be tried again.
ALTER TABLE bulk_export_jobs ADD COLUMN discard boolean NOT NULL DEFAULT false;
DROP INDEX idx_bulk_export_unreleased;
CREATE INDEX idx_bulk_export_unreleased ON bulk_export_jobs (updated_at) WHERE released_at IS NULL AND (status = 'cancelled' OR discard);
