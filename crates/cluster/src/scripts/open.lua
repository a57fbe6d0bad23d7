-- Which pool is here? One that may be older than what was answered from it is thrown away: every node then brings back what it
-- did itself.
local CLOCK, pool = KEYS[1], ARGV[1]
local known = redis.call('HMGET', CLOCK, 'run', 'at', 'pool')
if is_whole(CLOCK, known[1], known[2]) then
  return known[3]
end
local time = redis.call('TIME')
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
redis.call('UNLINK', unpack(KEYS))
redis.call('HSET', CLOCK, 'run', run, 'pool', pool, 'turn', '0', 'at', string.format('%.0f', time[1] * 1000000 + time[2]))
return pool
