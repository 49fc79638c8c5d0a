DROP TABLE bulk_export_node;
DROP TABLE bulk_export_audit;
DROP FUNCTION bulk_export_audit_append_only();
DROP TABLE bulk_export_issues;
DROP TABLE bulk_export_files;
DROP TABLE bulk_export_parts;
DROP TABLE bulk_export_jobs;
