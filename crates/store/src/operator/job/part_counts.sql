SELECT p.state, count(*) AS parts, sum(p.attempts) AS attempts, sum(p.handed_back) AS handed_back
FROM bulk_export_parts p
WHERE p.job_id = $1
GROUP BY p.state
