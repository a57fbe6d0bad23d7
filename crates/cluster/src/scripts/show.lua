-- What numbers are doing: for each its status, calls, uses in its windows, the moment its caps wait for, the last use; whether it
-- rests, its outcomes and its pool's by tier.
catch_up(1000)
local function scores(field)
  local packed = call('HGET', SCORES, field)
  return packed and cmsgpack.unpack(packed) or {}
end

local answer = {}
for i, number in ipairs(ARGV) do
  local said, state = read(number)
  answer[i] = {}
  if said then
    local day = local_day(said[ZONE], now)
    answer[i] = {
      string.sub(state[MARK], 1, 1), state[IN_USE], used_in(state, MINUTE, math.floor(now / 60000000)),
      used_in(state, HOUR, math.floor(now / 3600000000)), used_in(state, DAY, day), text(state[WAKES_AT]),
      text(state[LAST_USED]), state[RESTING], scores(number), scores('pool:' .. said[POOL]),
    }
  end
end
return answer
