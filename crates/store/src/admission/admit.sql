-- What decides whether a kick-off is admitted, in one look. Counts end at their limit: what lies beyond is not walked
-- through, and a limit that is not set (0) costs nothing.
SELECT s.paused_at IS NOT NULL AS paused,
       (SELECT count(*) FROM (
           SELECT 1 FROM bulk_export_jobs j WHERE j.requester_id = $1 AND j.status IN ('pending', 'in_progress') LIMIT $2) own) AS own,
       (SELECT count(*) FROM (
           SELECT 1 FROM bulk_export_jobs j WHERE j.status IN ('pending', 'in_progress') LIMIT $3) everyones) AS everyones,
       coalesce((SELECT n.repo_bytes FROM bulk_export_node n), 0) AS node_bytes
FROM bulk_export_service s
