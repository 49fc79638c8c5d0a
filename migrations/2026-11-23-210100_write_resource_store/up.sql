-- The functions that write the resource store, load it in bulk, prune it, and give transactionTime.
-- docs/resource-store.md tells why the steps of a write stand in this order.

-- The latest instants that a kick-off has published, in microseconds since 1970: its clock, and its transactionTime.
-- Sequences, because what is set in one is seen at once by every transaction, whatever its snapshot.
CREATE SEQUENCE resource_last_time MINVALUE 0 START 0;
CREATE SEQUENCE resource_last_horizon MINVALUE 0 START 0;

-- What time it is for the store. Tests replace it in their own database to step the clock back.
CREATE FUNCTION resource_clock(instant timestamptz) RETURNS timestamptz LANGUAGE sql AS 'SELECT instant';

CREATE FUNCTION resource_microseconds(instant timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE
AS 'SELECT (extract(epoch FROM instant) * 1000000)::bigint';

CREATE FUNCTION resource_instant(microseconds bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE
AS $$ SELECT timestamptz 'epoch' + microseconds * interval '1 microsecond' $$;

-- The first step of every write: shows to kick-offs that this transaction writes, and when it began (in units of 10 ms,
-- the lower 32 bits). A shared advisory lock is seen by every role, is held by a prepared transaction too, and nobody
-- waits for it. It is taken again at each call, because a rollback to a savepoint gives back what was taken after it.
CREATE FUNCTION resource_announce() RETURNS void LANGUAGE sql
AS $$ SELECT pg_advisory_xact_lock_shared(1718118770, floor(date_part('epoch', resource_clock(now())) * 100)::bigint::bit(32)::int) $$;

-- The transactions that have written and are still open: what holds transactionTime back. A prepared one has no process.
CREATE VIEW resource_writer AS
SELECT resource_instant((units - CASE WHEN behind > 4286327295 THEN behind - 4294967296 ELSE behind END) * 10000) AS began, l.pid,
    CASE WHEN l.pid IS NULL THEN (SELECT p.gid FROM pg_prepared_xacts p JOIN pg_locks x ON x.transactionid = p.transaction
        WHERE x.pid IS NULL AND x.virtualtransaction = l.virtualtransaction) END AS prepared
FROM pg_locks l,
    LATERAL (SELECT floor(date_part('epoch', resource_clock(clock_timestamp())) * 100)::bigint AS units OFFSET 0) now,
    -- Modulo 2^32 this is up to 496 days ago, or up to a day from now if the clock was set back meanwhile.
    LATERAL (SELECT (units - l.objid::bigint) & 4294967295 AS behind) difference
WHERE l.locktype = 'advisory' AND l.classid = 1718118770 AND l.objsubid = 2
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database());

-- A time for new versions, taken after resource_announce: later than the transaction's beginning (which kick-offs that
-- see the announcement stay below), later than what any other kick-off has published, and later than the versions that
-- it ends, even if the clock was set back.
CREATE FUNCTION resource_time(ended timestamptz) RETURNS timestamptz LANGUAGE sql AS $$
    SELECT greatest(resource_clock(clock_timestamp()), resource_clock(now()),
        resource_instant(last_value + 1), ended + interval '1 microsecond')
    FROM resource_last_time
$$;

-- transactionTime, and the clock when it was found: no version with valid_from <= at can appear or change any more.
-- Run it as a transaction of its own: kick-offs wait for each other until it ends, writers for nothing.
CREATE FUNCTION resource_transaction_time(OUT at timestamptz, OUT clock timestamptz) RETURNS SETOF record LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    oldest timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(1718118771, 0);
    SELECT greatest(resource_clock(clock_timestamp()), resource_instant(last_value)) INTO clock FROM resource_last_time;
    -- Published before looking: who is not seen below has yet to announce itself, and will then find this.
    PERFORM setval('resource_last_time', resource_microseconds(clock));
    SELECT min(began) INTO oldest FROM resource_writer;
    -- FHIR's clients keep milliseconds. What was once given out holds for ever, so no later one is earlier.
    SELECT greatest(date_trunc('milliseconds', least(clock, oldest)) - interval '1 millisecond', resource_instant(last_value))
        INTO at FROM resource_last_horizon;
    PERFORM setval('resource_last_horizon', resource_microseconds(at));
    RETURN NEXT;
END $$;

-- Says what keeps a resource out of the store, in words that hold nothing of it.
CREATE FUNCTION resource_flaw(content jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN jsonb_typeof(content) <> 'object' THEN 'it is not a JSON object'
        WHEN jsonb_typeof(content -> 'resourceType') IS DISTINCT FROM 'string' OR content ->> 'resourceType' !~ '^[A-Za-z]+$'
            OR octet_length(content ->> 'resourceType') > 64 THEN 'its resourceType is missing or not a name'
        WHEN jsonb_typeof(content -> 'id') IS DISTINCT FROM 'string' OR content ->> 'id' !~ '^[A-Za-z0-9.-]+$'
            OR octet_length(content ->> 'id') > 64 THEN 'its id is missing or not 1 to 64 of A-Z, a-z, 0-9, - and .'
        WHEN jsonb_typeof(content -> 'meta') <> 'object' THEN 'its meta is not an object'
    END
$$;

-- Makes one line of a resource that is valid JSON: there a raw line break can only be white space.
CREATE FUNCTION resource_line(body text) RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT btrim(replace(replace(body, E'\n', ' '), E'\r', ' '), E' \t') $$;
-- Is it one already, from brace to brace? Nearly all are, and this costs next to nothing.
CREATE FUNCTION resource_is_line(body text) RETURNS boolean LANGUAGE sql IMMUTABLE
AS $$ SELECT strpos(body, E'\n') = 0 AND strpos(body, E'\r') = 0 AND body LIKE '{%}' $$;

-- Puts meta into a line that has none, after the id if the line begins as ours do, and keeps every other byte.
CREATE FUNCTION resource_with_meta(line text, resource_type text, id text, version bigint, valid_from timestamptz) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN starts_with(line, '{"resourceType":"' || resource_type || '","id":"' || id || '"')
        THEN left(line, 26 + length(resource_type) + length(id)) || ',"meta":{"versionId":"' || version || '","lastUpdated":"'
            || to_char(valid_from AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"}'
            || right(line, -26 - length(resource_type) - length(id))
        ELSE '{"meta":{"versionId":"' || version || '","lastUpdated":"'
            || to_char(valid_from AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"},'
            || right(line, -1)
    END
$$;

-- The patients in whose compartment a resource is, some perhaps twice. Only a relative reference names a patient of this store: an absolute URL
-- is a patient of some server, and must open nobody's record here.
CREATE FUNCTION resource_patients(resource_type text, id text, paths jsonpath[], content jsonb) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT id WHERE resource_type = 'Patient'
    UNION ALL
    SELECT split_part(found, '/', 2)
    FROM unnest(paths) AS path, jsonb_path_query(content, path, silent => true) AS reference,
        LATERAL (SELECT reference #>> '{}') AS text (found)
    WHERE jsonb_typeof(reference) = 'string' AND found ~ '^Patient/[A-Za-z0-9.-]+(/_history/[A-Za-z0-9.-]+)?$'
      AND octet_length(split_part(found, '/', 2)) <= 64
$$;

-- Makes the next version of a resource, or none if the current one has the same text; gives the number of the current
-- one. With `if_version`, only if that is the current version; 0 means that there must be none.
CREATE FUNCTION resource_put(body text, if_version bigint DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql
-- Planning for all partitions costs more than the statements; by these indexes there is only one plan.
SET plan_cache_mode = force_generic_plan SET search_path FROM CURRENT AS $$
DECLARE
    content  jsonb;
    problem  text;
    kind     text;
    key      text;
    line     text := CASE WHEN resource_is_line(body) THEN body ELSE resource_line(body) END;
    old      record;
    number   bigint;
    at       timestamptz;
    patients text[];
BEGIN
    BEGIN
        content := body::jsonb;
        problem := resource_flaw(content);
    EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
        -- PostgreSQL's own message would quote the body.
        problem := 'it is not JSON that PostgreSQL can hold';
    END;
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION 'resource_put: %', problem USING ERRCODE = 'invalid_parameter_value';
    END IF;
    kind := content ->> 'resourceType';
    key := content ->> 'id';
    PERFORM resource_announce();
    LOOP
        -- When another transaction has just ended this version, nothing is found, the insert below finds its successor
        -- in the way, and the next turn meets that one.
        SELECT v.version, v.valid_from, v.deleted, v.body INTO old FROM resource_version v
            WHERE v.resource_type = kind AND v.id = key AND v.valid_to IS NULL FOR UPDATE;
        IF if_version <> (CASE WHEN old.deleted THEN 0 ELSE coalesce(old.version, 0) END) THEN
            RAISE EXCEPTION 'resource_put: the current version is another' USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        -- What the writer gave is compared, with the meta that the current version got if it was given none.
        IF old.body IN (line, resource_with_meta(line, kind, key, old.version, old.valid_from)) THEN
            RETURN old.version;
        END IF;
        at := resource_time(old.valid_from);
        number := coalesce(old.version, 0) + 1;
        UPDATE resource_version v SET valid_to = at WHERE v.resource_type = kind AND v.id = key AND v.version = old.version;
        patients := ARRAY(SELECT DISTINCT resource_patients(kind, key,
            ARRAY(SELECT p.path FROM resource_compartment_path p WHERE p.resource_type = kind), content));
        INSERT INTO resource_version (resource_type, id, version, valid_from, in_patient_compartment, body)
            VALUES (kind, key, number, at, patients <> '{}',
                CASE WHEN content ? 'meta' THEN line ELSE resource_with_meta(line, kind, key, number, at) END)
            ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND;
    END LOOP;
    INSERT INTO resource_compartment SELECT kind, key, number, unnest(patients);
    RETURN number;
END $$;

-- Ends a resource with a tombstone and gives its version; null if there never was one, the same again if there is.
CREATE FUNCTION resource_delete(resource_type text, id text) RETURNS bigint LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET search_path FROM CURRENT AS $$
#variable_conflict use_column
DECLARE
    kind text := resource_type;
    key  text := id;
    old  record;
    at   timestamptz;
BEGIN
    PERFORM resource_announce();
    LOOP
        SELECT v.version, v.valid_from, v.deleted, v.in_patient_compartment INTO old FROM resource_version v
            WHERE v.resource_type = kind AND v.id = key AND v.valid_to IS NULL FOR UPDATE;
        -- Nothing is found also when another transaction has just ended what was current: then there is a successor.
        EXIT WHEN FOUND OR NOT EXISTS (SELECT FROM resource_version v WHERE v.resource_type = kind AND v.id = key AND v.valid_to IS NULL);
    END LOOP;
    IF old.version IS NULL OR old.deleted THEN
        RETURN old.version;
    END IF;
    at := resource_time(old.valid_from);
    UPDATE resource_version v SET valid_to = at WHERE v.resource_type = kind AND v.id = key AND v.version = old.version;
    INSERT INTO resource_version (resource_type, id, version, valid_from, deleted, in_patient_compartment)
        VALUES (kind, key, old.version + 1, at, true, old.in_patient_compartment);
    INSERT INTO resource_compartment SELECT kind, key, old.version + 1, c.patient_id FROM resource_compartment c
        WHERE c.resource_type = kind AND c.id = key AND c.version = old.version;
    RETURN old.version + 1;
END $$;

-- Says of a staged line what keeps it out of the store; null if nothing does.
CREATE FUNCTION resource_problem(resource_type text, id text, body text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    content jsonb;
BEGIN
    content := body::jsonb;
    RETURN coalesce(resource_flaw(content), CASE
        WHEN (content ->> 'resourceType', content ->> 'id') IS DISTINCT FROM (resource_type, id)
        THEN 'it was staged as another resource' END);
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN 'it is not JSON that PostgreSQL can hold';
END $$;

-- The staged lines that keep their batch out of the store.
CREATE FUNCTION resource_staged_problems() RETURNS TABLE (line bigint, problem text) LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    RETURN QUERY SELECT s.line, p.problem FROM resource_staged s,
        LATERAL (SELECT resource_problem(s.resource_type, s.id, s.body) AS problem OFFSET 0) p
        WHERE p.problem IS NOT NULL ORDER BY s.line;
END $$;

-- A version that is locked, and where it lies.
CREATE TYPE resource_ended AS (resource_type text, id text, version bigint, valid_from timestamptz, place tid);

-- Locks the current versions of the staged lines of a type, in the order of their ids, so that no two batches wait for
-- each other. The planner knows nothing of a fresh temporary table and would rather read a whole partition than probe
-- its index for each line; a subquery with a limit leaves it no choice.
CREATE FUNCTION resource_staged_lock(kind text) RETURNS resource_ended[] LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN ARRAY(
        SELECT (kind, c.id, c.version, c.valid_from, c.ctid)::resource_ended
        FROM (SELECT s.id FROM resource_staged s WHERE s.resource_type = kind ORDER BY s.id COLLATE "C") s,
            LATERAL (SELECT v.id, v.version, v.valid_from, v.ctid FROM resource_version v
                WHERE v.resource_type = kind AND v.id = s.id AND v.valid_to IS NULL LIMIT 1 FOR UPDATE) c);
END $$;

-- Ends a batch that holds a line with a flaw.
CREATE FUNCTION resource_refuse() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'resource_put_staged: a line cannot be stored' USING ERRCODE = 'invalid_parameter_value';
END $$;

-- Ends the locked versions of a type and writes its staged lines; gives how many, and the ids of those that a version of
-- another transaction was in the way of.
CREATE FUNCTION resource_staged_write(kind text, at timestamptz, locked resource_ended[], OUT stored bigint, OUT left_over text[])
LANGUAGE plpgsql
-- A batch passes through one sort and one buffer: some 25 MB for 10,000 lines.
SET plan_cache_mode = force_custom_plan SET work_mem = '64MB' SET enable_nestloop = off AS $$
DECLARE
    paths  jsonpath[] := ARRAY(SELECT p.path FROM resource_compartment_path p WHERE p.resource_type = kind);
    places tid[] := ARRAY(SELECT l.place FROM unnest(locked) l WHERE l.resource_type = kind);
BEGIN
    UPDATE resource_version v SET valid_to = at WHERE v.resource_type = kind AND v.ctid = ANY (places);
    WITH fresh AS MATERIALIZED (
        SELECT s.id, s.version,
            ARRAY(SELECT m FROM resource_patients(kind, s.id, paths, p.content) AS m) AS patients,
            CASE
                -- Nobody reads this message: see resource_put_staged.
                WHEN resource_flaw(p.content) IS NOT NULL OR p.content ->> 'resourceType' <> kind OR p.content ->> 'id' <> s.id
                    THEN resource_refuse()
                WHEN p.content ? 'meta' THEN s.body
                ELSE resource_with_meta(s.body, kind, s.id, s.version, at)
            END AS body
        -- In the reader's order among the versions of one instant.
        FROM (SELECT s.id, s.body, coalesce(l.version, 0) + 1 AS version
            FROM resource_staged s LEFT JOIN unnest(locked) AS l ON l.resource_type = kind AND l.id = s.id
            WHERE s.resource_type = kind ORDER BY s.id COLLATE "C" OFFSET 0) s,
            LATERAL (SELECT s.body::jsonb AS content OFFSET 0) p),
    written AS (
        INSERT INTO resource_version (resource_type, id, version, valid_from, in_patient_compartment, body)
        SELECT kind, f.id, f.version, at, f.patients <> '{}', f.body FROM fresh f
        ON CONFLICT DO NOTHING RETURNING id),
    members AS (
        INSERT INTO resource_compartment
        SELECT DISTINCT kind, f.id, f.version, unnest(f.patients) FROM fresh f JOIN written USING (id) ORDER BY 2, 3, 4)
    SELECT count(w.id), array_agg(f.id) FILTER (WHERE w.id IS NULL) INTO stored, left_over
        FROM fresh f LEFT JOIN written w USING (id);
END $$;

-- Makes the next version of every resource of the temporary table resource_staged (line bigint, resource_type text,
-- id text, body text) that differs from the current one. Of several lines of one resource the last wins; all new versions
-- have one time. The table is used up: empty it before the next batch.
CREATE FUNCTION resource_put_staged() RETURNS TABLE (inserted bigint, updated bigint, unchanged bigint) LANGUAGE plpgsql
SET search_path FROM CURRENT SET jit = off AS $$
DECLARE
    kinds  text[];
    kind   text;
    locked resource_ended[];
    rows   bigint;
    wrote  record;
    at     timestamptz;
    flaw   record;
BEGIN
    inserted := 0;
    updated := 0;
    unchanged := 0;
    PERFORM resource_announce();
    BEGIN
        DELETE FROM resource_staged s WHERE s.ctid = ANY (ARRAY(SELECT n.ctid FROM (
            SELECT ctid, row_number() OVER (PARTITION BY resource_type COLLATE "C", id COLLATE "C" ORDER BY line DESC) AS number
            FROM resource_staged) n WHERE n.number > 1));
        -- A line break within a string is no white space: the cast refuses it.
        UPDATE resource_staged s SET body = resource_line(s.body) WHERE NOT resource_is_line(s.body) AND s.body::jsonb IS NOT NULL;
        -- A second turn only for resources that another transaction wrote at the same moment.
        LOOP
            kinds := ARRAY(SELECT DISTINCT s.resource_type COLLATE "C" FROM resource_staged s ORDER BY 1);
            EXIT WHEN kinds = '{}';
            locked := '{}';
            FOREACH kind IN ARRAY kinds LOOP
                DELETE FROM resource_staged s WHERE s.resource_type = kind AND (
                    SELECT v.body IN (s.body, resource_with_meta(s.body, kind, s.id, v.version, v.valid_from))
                    FROM resource_version v WHERE v.resource_type = kind AND v.id = s.id AND v.valid_to IS NULL);
                GET DIAGNOSTICS rows = ROW_COUNT;
                unchanged := unchanged + rows;
                locked := locked || resource_staged_lock(kind);
            END LOOP;
            at := resource_time(greatest(at, (SELECT max(l.valid_from) FROM unnest(locked) l)));
            FOREACH kind IN ARRAY kinds LOOP
                SELECT * INTO wrote FROM resource_staged_write(kind, at, locked);
                inserted := inserted + wrote.stored;
                DELETE FROM resource_staged s WHERE s.resource_type = kind AND s.id <> ALL (coalesce(wrote.left_over, '{}'));
            END LOOP;
            updated := updated + cardinality(locked);
        END LOOP;
        inserted := inserted - updated;
    EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
        -- PostgreSQL's own message would quote the body.
        SELECT * INTO flaw FROM resource_staged_problems() LIMIT 1;
        RAISE EXCEPTION 'resource_put_staged: line %: %', flaw.line, flaw.problem USING ERRCODE = 'invalid_parameter_value';
    END;
    RETURN NEXT;
END $$;

-- Removes at most so many versions that ended at or before the horizon, with their compartments, and gives how many. Jobs
-- that are not finished keep what they can still read. The current version stays, a tombstone too: the next version of
-- that resource must have a higher number.
CREATE FUNCTION resource_prune(horizon timestamptz, most bigint) RETURNS bigint LANGUAGE plpgsql
-- By the indexes only, however small the planner believes a partition to be.
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off SET search_path FROM CURRENT AS $$
DECLARE
    kind text;
    old  resource_ended[];
BEGIN
    horizon := least(horizon, (SELECT min(j.transaction_time) FROM bulk_export_jobs j WHERE j.status IN ('pending', 'in_progress')));
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
