-- Jobs under way are minded by the function. The hour is for kick-offs that have their time and are not committed yet, and
-- for writers that hold the time of the next one back: it is taken from there, not from the clock.
SELECT resource_prune(found.at - interval '1 hour', $1) AS pruned FROM resource_transaction_time() AS found
