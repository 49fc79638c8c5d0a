-- Accepts a job: its row, its plan part, the notes of the kick-off and the audit entry. In one statement, because a kick-off
-- is waited for, and on a busy machine every way to the server and back costs milliseconds. Foreign keys are looked at when
-- the whole of it is done.
WITH job AS (
    INSERT INTO bulk_export_jobs (id, level, requester_id, requester_role, resource_types, request_url, subject_patient, since,
        transaction_time, file_rows, trace_parent)
    VALUES ($1, 'patient', $2, $3, $4, $5, $6, $7, $8, $11, $12)
), plan AS (
    INSERT INTO bulk_export_parts (job_id, ordinal, kind) VALUES ($1, 0, 'plan')
), notes AS (
    -- They belong to the plan part under generation 0, which no claim ever has.
    INSERT INTO bulk_export_issues (job_id, ordinal, generation, outcome)
    SELECT $1, 0, 0, note.outcome FROM unnest($9) WITH ORDINALITY AS note (outcome, place) ORDER BY note.place
)
INSERT INTO bulk_export_audit (action, outcome, job_id, requester_id, patient_id) VALUES ($10, 'accepted', $1, $2, $6)
