-- A node presented a number before this pool knew of it, or by itself while it could not ask here: the call is going on, and the
-- use counts.
local id, number, to, tier = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local made, expires, rest, uncharged = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7], ARGV[8] == '1'
local said, state = read(number)
local is_over = expires <= now
if not said and (uncharged or is_over) or call('HEXISTS', RESERVED, id) == 1 then
  return { 0 }
end
state = state or new_state()
if uncharged then
  charge(said, state, made)
  state[TURN] = math.max(state[TURN], made)
end
if not is_over then
  state[IN_USE] = state[IN_USE] + 1
  reserve(id, { number, to, tier, made, expires, rest })
end
keep(number, said, state)
return { 1 }
