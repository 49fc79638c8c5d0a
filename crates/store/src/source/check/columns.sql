-- The columns as an unqualified name finds them in this session, tables and views alike, that this role may read.
SELECT c.relname::text AS table_name, a.attname::text AS column_name, format_type(a.atttypid, NULL) AS data_type
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relname IN ('patients', 'medical_records', 'medical_record_consents', 'medical_history')
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND pg_table_is_visible(c.oid)
  AND has_column_privilege(c.oid, a.attnum, 'SELECT')
