-- Which pool is here? One of an earlier run of this server may be older than what was answered from it (a snapshot, a replica
-- that was behind), so it is thrown away: every node then brings back what it did itself.
local CLOCK, pool = KEYS[1], ARGV[1]
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local known = redis.call('HMGET', CLOCK, 'run', 'pool')
if known[1] == run then
  return known[2]
end
redis.call('UNLINK', unpack(KEYS))
redis.call('HSET', CLOCK, 'run', run, 'pool', pool, 'turn', '0')
return pool
