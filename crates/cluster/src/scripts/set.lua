-- From now on a number is so. What has happened to it stays; a node that tells of it for the first time adds its own uses.
--
-- Answers 1 if the node's uses were added.
local number, node = ARGV[1], ARGV[2]
local said = {
  [MOST] = tonumber(ARGV[3]),
  [PER_MINUTE] = tonumber(ARGV[4]),
  [HOURLY] = tonumber(ARGV[5]),
  [DAILY] = tonumber(ARGV[6]),
  [ZONE] = ARGV[7],
  [STANDING] = ARGV[8],
  [POOL] = ARGV[9],
  [LABEL] = ARGV[10],
}
local usage, campaigns = 11, tonumber(ARGV[18])
said[CAMPAIGNS] = {}
for i = 19, 18 + campaigns do
  table.insert(said[CAMPAIGNS], ARGV[i])
end
-- A number that is kept for campaigns stands in a line for each of them, others in one for all.
said[CELLS] = {}
for i = 19 + campaigns, #ARGV do
  for _, campaign in ipairs(campaigns > 0 and said[CAMPAIGNS] or { '' }) do
    table.insert(said[CELLS], ARGV[i] .. SEP .. campaign .. SEP)
  end
end

local before, state = read(number)
said[NODES] = before and before[NODES] or {}
if before then
  leave_lines(number, before, state)
  tally(string.sub(state[MARK], 1, 1), '')
  state[MARK] = ''
  for _, campaign in ipairs(before[CAMPAIGNS]) do
    call('HINCRBY', RARE, 'campaign:' .. campaign, -1)
  end
else
  state = state or new_state()
end
for _, campaign in ipairs(said[CAMPAIGNS]) do
  call('HINCRBY', RARE, 'campaign:' .. campaign, 1)
end

local known = false
for _, name in ipairs(said[NODES]) do
  known = known or name == node
end
if not known then
  table.insert(said[NODES], node)
  recall(state, usage)
end
call('HSET', SAID, number, cmsgpack.pack(said))
refresh(number, said, state)
return { known and 0 or 1 }
