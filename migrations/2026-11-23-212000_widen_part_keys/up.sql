-- Parts are cut by UUIDs, by numbers or by instants, as their source's keys are: kept as text, which names its own kind.
ALTER TABLE bulk_export_parts
    ALTER COLUMN key_from TYPE text USING key_from::text,
    ALTER COLUMN key_to TYPE text USING key_to::text;
