-- A number is ours no more: its reservations end, and nothing of it stays.
local number = ARGV[1]
local said, state = read(number)
if not said then
  return { 0 }
end
local open = call('ZRANGEBYLEX', OPEN, '[' .. number .. SEP, '(' .. number .. SEP .. '\255')
for _, member in ipairs(open) do
  finish(string.match(member, '[^' .. SEP .. ']+$'))
end
said, state = read(number)
leave_lines(number, said, state)
tally(string.sub(state[MARK], 1, 1), '')
for _, campaign in ipairs(said[CAMPAIGNS]) do
  call('HINCRBY', RARE, 'campaign:' .. campaign, -1)
end
if state[RESTING] == 1 then
  call('HINCRBY', RARE, 'resting', -1)
end
call('ZREM', WAKES, number)
call('HDEL', SAID, number)
call('HDEL', STATE, number)
call('HDEL', SCORES, number)
return { 1 }
