-- A number has been judged by how it fares: whether it rests, and its share of turns in percent.
local number, resting, weight = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local said, state = read(number)
if not said then
  return { 0 }
end
if resting ~= state[RESTING] then
  call('HINCRBY', RARE, 'resting', resting - state[RESTING])
end
state[RESTING], state[WEIGHT] = resting, weight
refresh(number, said, state)
return { 1 }
