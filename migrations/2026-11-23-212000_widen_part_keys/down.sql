-- Only the keys of the clinical tables fit: a job with others must have ended.
ALTER TABLE bulk_export_parts
    ALTER COLUMN key_from TYPE uuid USING key_from::uuid,
    ALTER COLUMN key_to TYPE uuid USING key_to::uuid;
