-- The stored bytes of a file may be compressed; sha256, stored_bytes and cid are of the stored bytes.
ALTER TABLE bulk_export_files
    DROP CONSTRAINT bulk_export_files_coding_check,
    ADD CONSTRAINT bulk_export_files_coding_check CHECK (coding IN ('identity', 'gzip', 'zstd'));
