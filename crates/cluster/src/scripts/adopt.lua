-- A node presented a number by itself while it could not ask here: the use counts, and the call is going on.
local id, number, to, tier = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local made, expires, rest, uncharged = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7], ARGV[8] == '1'
local said, state = read(number)
if not said or call('HEXISTS', RESERVED, id) == 1 then
  return { 0 }
end
if uncharged then
  charge(said, state, made)
  state[TURN] = math.max(state[TURN], made)
end
if expires > now then
  state[IN_USE] = state[IN_USE] + 1
  reserve(id, { number, to, tier, made, expires, rest })
end
refresh(number, said, state)
return { 1 }
