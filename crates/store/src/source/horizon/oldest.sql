-- Any open transaction may still write with the time of its start, written yet or not; ours only read.
SELECT least(
    (SELECT min(xact_start) FROM pg_stat_activity
     WHERE datname = current_database()
       AND application_name <> $1
       AND pid <> pg_backend_pid()
       AND backend_type NOT IN ('autovacuum worker', 'walsender')),
    (SELECT min(prepared) FROM pg_prepared_xacts WHERE database = current_database())
) AS oldest
