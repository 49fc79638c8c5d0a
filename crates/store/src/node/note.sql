-- A row that is held (a release waits for the node meanwhile) is not waited for: the next measure comes soon.
UPDATE bulk_export_node
SET repo_bytes = $1, capacity_bytes = $2, private = coalesce($3, private), measured_at = clock_timestamp()
WHERE one IN (
    SELECT n.one FROM bulk_export_node n
    WHERE n.measured_at IS NULL OR n.measured_at < clock_timestamp() - interval '1 second' * $4
    FOR UPDATE SKIP LOCKED
)
