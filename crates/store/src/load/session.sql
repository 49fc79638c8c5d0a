-- What a loader's session has of its own. The table is emptied by each commit.
SET temp_buffers = '32MB';
SET jit = off;
CREATE TEMPORARY TABLE resource_staged (
    line bigint NOT NULL,
    resource_type text NOT NULL,
    id text NOT NULL,
    body text NOT NULL
) ON COMMIT DELETE ROWS;
-- A body lives here for a moment: compressing it would be work for nothing.
ALTER TABLE resource_staged ALTER COLUMN body SET STORAGE EXTERNAL;

-- Puts what is staged, or says why a row of it cannot be put. Only an error that is about a row's data is an answer;
-- every other one (rights, space, a server that stops) is an error of the statement. libpq's caller cannot tell them
-- apart by itself: diesel keeps no SQLSTATE.
CREATE FUNCTION pg_temp.put_what_is_staged(
    OUT inserted bigint, OUT updated bigint, OUT unchanged bigint, OUT refused text, OUT again boolean
) LANGUAGE plpgsql AS $$
BEGIN
    SELECT put.inserted, put.updated, put.unchanged INTO inserted, updated, unchanged
    FROM resource_put_staged() AS put;
    again := false;
EXCEPTION
    WHEN data_exception OR integrity_constraint_violation OR program_limit_exceeded OR raise_exception THEN
        refused := SQLERRM;
        again := false;
    WHEN deadlock_detected OR serialization_failure THEN
        again := true;
END
$$;
