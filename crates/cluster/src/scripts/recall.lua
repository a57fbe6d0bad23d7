-- What a node did with numbers that others tell of, before this pool knew of it: each with its uses and the last one. It counts once,
-- and waits for its number where nobody has told of that yet.
local node, is_last = ARGV[1], ARGV[2] == '1'
local told = 'told:' .. node
if call('HEXISTS', CLOCK, told) == 1 then
  return { 0 }
end
for i = 3, #ARGV, 8 do
  local number = ARGV[i]
  local said, state = read(number)
  state = state or new_state()
  recall(state, i + 1)
  keep(number, said, state)
end
if is_last then
  call('HSET', CLOCK, told, 1)
end
return { 1 }
