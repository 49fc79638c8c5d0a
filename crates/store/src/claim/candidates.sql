-- The jobs that have something due, the one that waited longest for its turn first.
SELECT j.id
FROM bulk_export_jobs j
WHERE j.status IN ('pending', 'in_progress')
  AND EXISTS (
      SELECT 1 FROM bulk_export_parts p
      WHERE p.job_id = j.id
        AND ((p.state = 'due' AND p.next_at <= clock_timestamp())
          OR (p.state = 'running' AND p.lease_until < clock_timestamp()))
  )
ORDER BY j.turn_at
LIMIT $1
