-- Refused while there are compressed files: what went before would give them out as if they were plain.
ALTER TABLE bulk_export_files
    DROP CONSTRAINT bulk_export_files_coding_check,
    ADD CONSTRAINT bulk_export_files_coding_check CHECK (coding IN ('identity'));
