-- The columns of these relations, as their names are found in this session, tables and views alike, that this role may
-- read.
SELECT named.relation AS relation, a.attname::text AS column_name, format_type(a.atttypid, NULL) AS data_type
FROM unnest($1) AS named (relation)
JOIN pg_class c ON c.oid = to_regclass(named.relation) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE has_column_privilege(c.oid, a.attnum, 'SELECT')
