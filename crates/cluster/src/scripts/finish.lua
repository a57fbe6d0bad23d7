-- Ends reservations: one by its id, the oldest of a number to a person, or all of a number. With an outcome, health learns from it.
--
-- Answers the ended ones' ids; with an outcome also the number, its outcomes and its pool's, for somebody to judge.
local by, what, to = ARGV[1], ARGV[2], ARGV[3]
local answered, short = tonumber(ARGV[4]), tonumber(ARGV[5])
local halved_at, pool_halved_at = tonumber(ARGV[6]), tonumber(ARGV[7])

local ids = {}
if by == 'id' then
  ids = { what }
else
  local from = what .. SEP .. (by == 'call' and to .. SEP or '')
  local found = call('ZRANGEBYLEX', OPEN, '[' .. from, '(' .. from .. '\255', 'LIMIT', 0, by == 'call' and 1 or 1000)
  for i, member in ipairs(found) do
    ids[i] = string.match(member, '[^' .. SEP .. ']+$')
  end
end

-- By tier: attempts, answers, short ones.
local function record(field, tier, limit, all)
  local packed = call('HGET', SCORES, field)
  local scores = packed and cmsgpack.unpack(packed) or { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
  local at = 3 * tier
  scores[at + 1] = scores[at + 1] + 1
  scores[at + 2] = scores[at + 2] + answered
  scores[at + 3] = scores[at + 3] + short
  if scores[at + 1] >= limit then
    for i = all and 1 or at + 1, all and #scores or at + 3 do
      scores[i] = math.floor(scores[i] / 2)
    end
  end
  call('HSET', SCORES, field, cmsgpack.pack(scores))
  return scores
end

local answer = { {}, '', {}, {} }
for _, id in ipairs(ids) do
  local reservation = finish(id)
  if reservation then
    table.insert(answer[1], id)
    local number, tier = reservation[1], reservation[3]
    local said = read(number)
    if answered and said then
      answer[2] = number
      answer[3] = record(number, tier, halved_at, true)
      answer[4] = record('pool:' .. said[POOL], tier, pool_halved_at, false)
    end
  end
end
return answer
