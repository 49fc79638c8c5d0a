SELECT s.histogram_bounds::text::text[] AS bounds
FROM pg_stats s
JOIN pg_class c ON c.relname = s.tablename AND c.oid = to_regclass($1)
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = s.schemaname
WHERE s.attname = 'id' AND s.histogram_bounds IS NOT NULL
ORDER BY s.inherited DESC
LIMIT 1
