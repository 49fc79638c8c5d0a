-- What operators ask of the service: a sweep now, the retry of a failed job, and how much was done lately.

ALTER TABLE bulk_export_service
    -- A sweep that an operator asked for and that no worker has ended yet.
    ADD COLUMN sweep_wanted_at timestamptz,
    -- The worker that took it has until then; after that another may.
    ADD COLUMN sweep_lease_until timestamptz;

-- What the last sweep did.
ALTER TABLE bulk_export_node
    ADD COLUMN swept_files   bigint,
    ADD COLUMN swept_jobs    bigint,
    ADD COLUMN swept_orphans bigint,
    -- What it could not release: tried again by the next one.
    ADD COLUMN swept_failed  bigint,
    ADD COLUMN swept_ms      bigint;

-- How much was exported in the last minutes.
CREATE INDEX idx_bulk_export_parts_ended ON bulk_export_parts (ended_at) WHERE state = 'done';

-- Removes at most so many versions that ended at or before the horizon, with their compartments, and gives how many. Jobs
-- that are not finished keep what they can still read, and failed ones too while they may be retried; the hour is for a
-- retry at the last moment. The current version stays, a tombstone too: the next version of
-- that resource must have a higher number.
CREATE OR REPLACE FUNCTION resource_prune(horizon timestamptz, most bigint) RETURNS bigint LANGUAGE plpgsql
-- By the indexes only, however small the planner believes a partition to be.
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off SET search_path FROM CURRENT AS $$
DECLARE
    kind text;
    old  resource_ended[];
BEGIN
    horizon := least(horizon, (SELECT min(j.transaction_time) FROM bulk_export_jobs j WHERE j.status IN ('pending', 'in_progress')
        OR (j.status = 'failed' AND j.expires_at > clock_timestamp() - interval '1 hour')));
    old := ARRAY(SELECT (v.resource_type, v.id, v.version, v.valid_from, v.ctid)::resource_ended FROM resource_version v
        WHERE v.valid_to <= horizon ORDER BY v.valid_to LIMIT most FOR UPDATE SKIP LOCKED);
    FOR kind IN SELECT DISTINCT o.resource_type FROM unnest(old) o LOOP
        DELETE FROM resource_version v WHERE v.resource_type = kind
            AND v.ctid = ANY (ARRAY(SELECT o.place FROM unnest(old) o WHERE o.resource_type = kind));
        DELETE FROM resource_compartment c USING unnest(old) o
            WHERE c.resource_type = kind AND o.resource_type = kind AND c.id = o.id AND c.version = o.version;
    END LOOP;
    RETURN cardinality(old);
END $$;
