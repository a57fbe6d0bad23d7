-- Does this server have all that was answered from the pool? One that was started anew may have an older state, from a file;
-- one that took over may too, as a replica that was behind. One that the slot was moved to while it was running has everything:
-- it goes on, and the pool is of its run from now on.
local function is_whole(clock, run, at)
  local server = redis.call('INFO', 'server')
  if not run or string.find(server, 'run_id:' .. run, 1, true) then
    return run
  end
  local began = redis.call('TIME')[1] - string.match(server, 'uptime_in_seconds:(%d+)')
  local never_a_replica = 'master_replid2:' .. string.rep('0', 40)
  -- Two seconds for clocks that differ. Who was started since did not see the last answer.
  if (began + 2) * 1000000 > tonumber(at) or not string.find(redis.call('INFO', 'replication'), never_a_replica, 1, true) then
    return false
  end
  redis.call('HSET', clock, 'run', string.match(server, 'run_id:(%w+)'))
  return true
end

