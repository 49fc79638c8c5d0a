-- GCRA: one number a key, the time at which all that was taken will be paid back. On the server's own clock, so that no replica's
-- matters. KEYS: the counter. ARGV: microseconds for one token, tokens at most, tokens wanted.
-- Gives: tokens granted (as many as there are, up to those wanted), tokens left, microseconds until there is one again.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local each, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local paid = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local there = math.floor(most - (paid - now) / each + 0.000001)
local granted = math.max(0, math.min(there, tonumber(ARGV[3])))
if granted > 0 then
  paid = paid + granted * each
  redis.call('SET', KEYS[1], string.format('%.0f', paid), 'PX', math.ceil((paid - now) / 1000))
end
local wait = 0
if there - granted < 1 then
  wait = math.max(0, math.ceil(paid - now - (most - 1) * each))
end
return {granted, math.max(0, there - granted), wait}
