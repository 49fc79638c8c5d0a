-- Any open transaction may still write with the time of its start, written yet or not; ours only read. Of a prepared one
-- PostgreSQL keeps the time of the PREPARE only: it is taken to have started at most so many seconds before that.
SELECT least(
    (SELECT min(xact_start) FROM pg_stat_activity
     WHERE datname = current_database()
       AND application_name <> $1
       AND pid <> pg_backend_pid()
       AND backend_type NOT IN ('autovacuum worker', 'walsender')),
    (SELECT min(prepared) - make_interval(secs => $2) FROM pg_prepared_xacts WHERE database = current_database())
) AS oldest
