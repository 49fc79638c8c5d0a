-- Jobs under way are minded by the function. The hour is for kick-offs that have their time and are not committed yet.
SELECT resource_prune($1 - interval '1 hour', $2) AS pruned
