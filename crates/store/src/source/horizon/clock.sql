SELECT pg_is_in_recovery() AS replica,
       pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees_all,
       clock_timestamp() AS clock,
       pg_last_xact_replay_timestamp() AS replayed
