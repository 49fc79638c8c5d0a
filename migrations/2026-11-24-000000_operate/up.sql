-- What operators need: when things began and ended, who works, how full the node is, whether kick-offs are paused, and
-- who is told of a job's end. docs/data-model.md tells it.

ALTER TABLE bulk_export_jobs
    -- The most resources that a file may hold: `_count` of the kick-off.
    ADD COLUMN file_rows bigint CHECK (file_rows > 0),
    -- The trace that the kick-off began or joined (W3C Trace Context, `traceparent`).
    ADD COLUMN trace_parent text,
    ADD COLUMN ended_at timestamptz;
UPDATE bulk_export_jobs SET ended_at = updated_at WHERE status IN ('completed', 'failed', 'cancelled');
CREATE INDEX idx_bulk_export_created ON bulk_export_jobs (created_at, id);

ALTER TABLE bulk_export_parts
    -- Of the last attempt.
    ADD COLUMN started_at timestamptz,
    ADD COLUMN ended_at timestamptz;

-- What an operator decided for the whole service. One row.
CREATE TABLE bulk_export_service (
    one          boolean PRIMARY KEY DEFAULT true CHECK (one),
    -- While set, kick-offs are refused; parts under way and jobs accepted go on.
    paused_at    timestamptz,
    paused_by    text,
    pause_reason text,
    CONSTRAINT bulk_export_service_paused CHECK ((paused_at IS NULL) = (paused_by IS NULL))
);
INSERT INTO bulk_export_service DEFAULT VALUES;

-- The workers that were heard of lately. A row tells what its worker last said; leases alone decide what runs.
CREATE TABLE bulk_export_workers (
    name       text PRIMARY KEY,
    version    text NOT NULL,
    slots      integer NOT NULL CHECK (slots > 0),
    running    integer NOT NULL DEFAULT 0,
    claiming   boolean NOT NULL DEFAULT false,
    -- Why it does not claim, in words that name nobody.
    note       text,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX idx_bulk_export_workers_seen ON bulk_export_workers (seen_at);

-- What workers saw of the node, and the last sweep.
ALTER TABLE bulk_export_node
    ADD COLUMN repo_bytes     bigint,
    -- What the repository may hold, or what its disk has room for, whichever is less.
    ADD COLUMN capacity_bytes bigint,
    ADD COLUMN private        boolean,
    ADD COLUMN measured_at    timestamptz,
    ADD COLUMN pins           bigint,
    ADD COLUMN unowned_pins   bigint,
    ADD COLUMN swept_at       timestamptz;

-- Receivers of webhooks, registered by the operator for the jobs of one requester.
CREATE TABLE bulk_export_webhooks (
    id           uuid PRIMARY KEY,
    requester_id text NOT NULL,
    url          text NOT NULL,
    events       text[] NOT NULL CHECK (cardinality(events) > 0 AND events <@ ARRAY['completed', 'failed', 'cancelled', 'expired']),
    -- Newest first. Each signs every delivery, so that a secret can be rotated without losing one.
    secrets      text[] NOT NULL CHECK (cardinality(secrets) BETWEEN 1 AND 2),
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- While set, nothing is delivered.
    disabled_at  timestamptz
);
CREATE INDEX idx_bulk_export_webhooks_requester ON bulk_export_webhooks (requester_id);

-- The outbox: written in the transaction that ends the job. Outlives the job.
CREATE TABLE bulk_export_deliveries (
    id           uuid PRIMARY KEY,
    webhook_id   uuid NOT NULL REFERENCES bulk_export_webhooks (id) ON DELETE CASCADE,
    job_id       uuid NOT NULL,
    event        text NOT NULL CHECK (event IN ('completed', 'failed', 'cancelled', 'expired')),
    payload      text NOT NULL,
    state        text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'delivered', 'parked')),
    attempts     integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Held by the worker that delivers right now.
    lease_until  timestamptz,
    last_status  integer,
    last_error   text,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    delivered_at timestamptz,
    UNIQUE (webhook_id, job_id, event)
);
CREATE INDEX idx_bulk_export_deliveries_due ON bulk_export_deliveries (webhook_id, next_at) WHERE state = 'due';
CREATE INDEX idx_bulk_export_deliveries_created ON bulk_export_deliveries (created_at);

ALTER TABLE bulk_export_audit DROP CONSTRAINT bulk_export_audit_action_check;
ALTER TABLE bulk_export_audit ADD CONSTRAINT bulk_export_audit_action_check CHECK (action IN (
    'kick_off', 'download', 'cancel', 'complete', 'fail', 'expire', 'deny', 'retry', 'pause', 'resume', 'sweep', 'sign_in', 'webhook'));
CREATE INDEX idx_bulk_export_audit_at ON bulk_export_audit (at);
