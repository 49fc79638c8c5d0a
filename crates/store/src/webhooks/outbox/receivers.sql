-- Disabled ones too: what they are told rests until they are enabled. The lock keeps a receiver that is being removed just
-- now from failing the job: it is waited for, and then it is not there.
SELECT w.id
FROM bulk_export_webhooks w JOIN bulk_export_jobs j ON j.requester_id = w.requester_id
WHERE j.id = $1 AND $2 = ANY (w.events)
ORDER BY w.id
FOR KEY SHARE OF w
