-- What a refused client's wait is computed from. Asked for a refusal only.
SELECT (SELECT count(*) FROM bulk_export_jobs j WHERE j.requester_id = $1 AND j.status IN ('pending', 'in_progress')) AS own,
       (SELECT count(*) FROM bulk_export_jobs j WHERE j.status IN ('pending', 'in_progress')) AS everyones,
       (SELECT count(*) FROM bulk_export_jobs j
        WHERE j.ended_at > clock_timestamp() - interval '1 second' * $2 AND j.status IN ('completed', 'failed')) AS ended,
       (SELECT extract(epoch FROM min(j.expires_at) - clock_timestamp())::float8
        FROM bulk_export_jobs j WHERE j.expires_at > clock_timestamp()) AS next_expiry
