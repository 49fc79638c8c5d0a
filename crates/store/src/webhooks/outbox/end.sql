-- What the manifest lists, or listed: output_files is written once and outlives the files.
SELECT j.request_url,
       CASE WHEN $2 THEN j.expires_at ELSE coalesce(j.ended_at, clock_timestamp()) END AS at,
       coalesce(sum((file ->> 'count')::bigint), 0)::bigint AS resources,
       count(file) AS files,
       coalesce(sum((file ->> 'size')::bigint), 0)::bigint AS bytes
FROM bulk_export_jobs j
LEFT JOIN LATERAL jsonb_array_elements(j.output_files) file ON file ->> 'kind' = 'output'
WHERE j.id = $1
GROUP BY j.id
