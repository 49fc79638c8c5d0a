-- KEYS: a set of finished tasks (done or dead), the data hash. ARGV: prefix of the meta keys, cutoff in Unix seconds, task ids.
local removed = 0
for i = 3, #ARGV do
  local id = ARGV[i]
  local meta = ARGV[1] .. ':' .. id
  local done_at = tonumber(redis.call('hget', meta, 'done_at') or '0')
  if done_at and done_at <= tonumber(ARGV[2]) then
    redis.call('hdel', KEYS[2], id)
    redis.call('del', meta)
    redis.call('srem', KEYS[1], id)
    removed = removed + 1
  end
end
return removed
