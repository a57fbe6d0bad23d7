-- What numbers are doing: for each its windows with the uses in them, calls, status, the moment its caps wait for, the last use.
local answer = {}
for i, number in ipairs(ARGV) do
  local said, state = read(number)
  answer[i] = {}
  if said then
    local day = local_day(said[ZONE], now)
    answer[i] = {
      string.sub(state[MARK], 1, 1), state[IN_USE], used_in(state, MINUTE, math.floor(now / 60000000)),
      used_in(state, HOUR, math.floor(now / 3600000000)), used_in(state, DAY, day), text(state[WAKES_AT]),
      text(state[LAST_USED]),
    }
  end
end
return answer
