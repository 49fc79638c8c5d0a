-- Jobs, parts, files, issues, audit: the truth about every export. docs/data-model.md tells them as a story.
-- All times are the database's: leases and expiry never depend on a process's clock.

CREATE TABLE bulk_export_jobs (
    id               uuid PRIMARY KEY,
    requester_id     text NOT NULL,
    requester_role   text NOT NULL CHECK (requester_role IN ('PATIENT', 'ADMIN')),
    resource_types   text[] NOT NULL,
    status           text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'in_progress', 'completed', 'failed', 'cancelled')),
    progress         integer NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
    total_resources  bigint CHECK (total_resources >= 0),
    output_files     jsonb,
    error            text,
    expires_at       timestamptz,
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    level            text NOT NULL CHECK (level IN ('patient')),
    request_url      text NOT NULL,
    subject_patient  text,
    since            timestamptz,
    transaction_time timestamptz NOT NULL,
    -- When a part of the job was last claimed: the job that waited longest has its turn.
    turn_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When the pins of a cancelled job were released.
    released_at      timestamptz,
    -- A patient's job without a subject would be an export of everyone.
    CONSTRAINT bulk_export_jobs_subject CHECK (requester_role = 'ADMIN' OR subject_patient IS NOT NULL),
    CONSTRAINT bulk_export_jobs_ended CHECK ((status IN ('completed', 'failed', 'cancelled')) = (expires_at IS NOT NULL)),
    CONSTRAINT bulk_export_jobs_completed CHECK ((status = 'completed') <= (output_files IS NOT NULL AND progress = 100)),
    CONSTRAINT bulk_export_jobs_progress CHECK (progress < 100 OR status IN ('completed', 'cancelled')),
    CONSTRAINT bulk_export_jobs_failed CHECK ((status = 'failed') <= (error IS NOT NULL))
);
CREATE INDEX idx_bulk_export_requester ON bulk_export_jobs (requester_id);
CREATE INDEX idx_bulk_export_status ON bulk_export_jobs (status);
CREATE INDEX idx_bulk_export_expires ON bulk_export_jobs (expires_at);
CREATE INDEX idx_bulk_export_turn ON bulk_export_jobs (turn_at) WHERE status IN ('pending', 'in_progress');
CREATE INDEX idx_bulk_export_unreleased ON bulk_export_jobs (updated_at) WHERE status = 'cancelled' AND released_at IS NULL;

CREATE TABLE bulk_export_parts (
    job_id        uuid NOT NULL REFERENCES bulk_export_jobs (id) ON DELETE CASCADE,
    ordinal       integer NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('plan', 'export', 'report')),
    resource_type text,
    key_from      uuid,
    key_to        uuid,
    state         text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'running', 'done', 'failed', 'cancelled')),
    generation    integer NOT NULL DEFAULT 0,
    worker        text,
    lease_until   timestamptz,
    attempts      integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    handed_back   integer NOT NULL DEFAULT 0,
    next_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    rows          bigint NOT NULL DEFAULT 0,
    bytes         bigint NOT NULL DEFAULT 0,
    error         text,
    PRIMARY KEY (job_id, ordinal),
    CONSTRAINT bulk_export_parts_type CHECK ((kind = 'export') = (resource_type IS NOT NULL)),
    CONSTRAINT bulk_export_parts_lease CHECK ((state = 'running') = (lease_until IS NOT NULL))
);
CREATE INDEX idx_bulk_export_parts_due ON bulk_export_parts (job_id, next_at) WHERE state = 'due';
CREATE INDEX idx_bulk_export_parts_running ON bulk_export_parts (lease_until) WHERE state = 'running';

CREATE TABLE bulk_export_files (
    id            uuid PRIMARY KEY,
    job_id        uuid NOT NULL,
    ordinal       integer NOT NULL,
    number        integer NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('output', 'error')),
    resource_type text NOT NULL,
    rows          bigint NOT NULL CHECK (rows > 0),
    stored_bytes  bigint NOT NULL CHECK (stored_bytes > 0),
    coding        text NOT NULL DEFAULT 'identity' CHECK (coding IN ('identity')),
    decoded_bytes bigint NOT NULL,
    sha256        text NOT NULL,
    cid           text NOT NULL,
    -- The key that sealed the file, once files are sealed.
    key_id        text,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (job_id, ordinal, number),
    -- No cascade: a job's row cannot go while one of its files may still be pinned.
    FOREIGN KEY (job_id, ordinal) REFERENCES bulk_export_parts (job_id, ordinal)
);
CREATE INDEX idx_bulk_export_files_cid ON bulk_export_files (cid);

-- What was ignored or left out: the lines of the error file.
CREATE TABLE bulk_export_issues (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id     uuid NOT NULL,
    ordinal    integer NOT NULL,
    -- The generation of the claim that wrote the row: a lost claim's rows do not count.
    generation integer NOT NULL,
    outcome    text NOT NULL,
    FOREIGN KEY (job_id, ordinal) REFERENCES bulk_export_parts (job_id, ordinal) ON DELETE CASCADE
);
CREATE INDEX idx_bulk_export_issues_part ON bulk_export_issues (job_id, ordinal, id);

-- Append-only: who did what, when, with what outcome. Survives the job. Clear ids stand here and nowhere else.
CREATE TABLE bulk_export_audit (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    action       text NOT NULL CHECK (action IN ('kick_off', 'download', 'cancel', 'complete', 'fail', 'expire', 'deny')),
    outcome      text NOT NULL,
    job_id       uuid,
    requester_id text,
    patient_id   text,
    detail       text
);
CREATE INDEX idx_bulk_export_audit_job ON bulk_export_audit (job_id);
CREATE FUNCTION bulk_export_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'bulk_export_audit is append-only';
END $$;
CREATE TRIGGER bulk_export_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bulk_export_audit
    FOR EACH STATEMENT EXECUTE FUNCTION bulk_export_audit_append_only();

-- What the sweep needs to know of the node: whether there is something to collect. One row.
CREATE TABLE bulk_export_node (
    one          boolean PRIMARY KEY DEFAULT true CHECK (one),
    garbage      bigint NOT NULL DEFAULT 0,
    collected_at timestamptz
);
INSERT INTO bulk_export_node DEFAULT VALUES;
