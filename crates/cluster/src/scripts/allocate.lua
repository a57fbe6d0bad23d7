-- Chooses and reserves a number: caps, concurrency, health, the agent's limit and the reservation are this one step.
--
-- Further keys: who is called -> the number seen last and when; the agent's questions of the last minute, newest first.
-- Both live no longer than they matter.
local PERSON, AGENT = KEYS[12], KEYS[13]
local id, to, campaign, rest = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local per_agent, reserved_for, sticky_for, person_kept = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8]
local control_every, max_give_way = tonumber(ARGV[9]), tonumber(ARGV[10])
-- Then the cells in the order of their tiers, and those that a refusal adds (1) and subtracts (-1) to count every number once.
local tiers = tonumber(ARGV[11])
local CATCH_UP, LOOKED_THROUGH, MINUTE_MICROS = 64, 64, 60000000

-- The connection broke before the answer came, and the question is sent again: it has been answered.
local answered = call('HGET', RESERVED, id)
if answered then
  local number, _, tier, made, expires = unpack(cmsgpack.unpack(answered))
  local said = read(number)
  return { 'present', number, tier, text(made), text(expires), said[LABEL] }
end

-- A question that is asked again because more had to wake up first was counted the first time: its limit is 0.
if per_agent > 0 then
  local oldest = tonumber(call('LINDEX', AGENT, per_agent - 1) or nil)
  if oldest and now - oldest < MINUTE_MICROS then
    return { 'slow', text(math.min(MINUTE_MICROS, oldest + MINUTE_MICROS - now)) }
  end
  if call('LPUSH', AGENT, text(now)) > per_agent then
    call('LTRIM', AGENT, 0, per_agent - 1)
  end
  call('PEXPIRE', AGENT, 60000)
end

local behind = catch_up(CATCH_UP)
local rare = call('HMGET', RARE, 'resting', 'campaign:' .. campaign)
local some_rest = tonumber(rare[1] or 0) > 0
local some_kept = tonumber(rare[2] or 0) > 0

-- The lines of a cell that the campaign may use.
local function lines_of(cell)
  local all = cell .. SEP .. SEP
  if some_kept then
    return { all, cell .. SEP .. campaign .. SEP }
  end
  return { all }
end

-- The least recently used number of these lines with this status.
local function head(lines, status)
  local first, number
  for _, line in ipairs(lines) do
    local from = line .. status
    local found = call('ZRANGEBYLEX', LINES, '[' .. from, '(' .. from .. '\255', 'LIMIT', 0, 1)[1]
    if found then
      local mark = string.sub(found, #line + 1)
      if not first or mark < first then
        first, number = mark, string.sub(mark, 18)
      end
    end
  end
  return number
end

-- Now and then a resting number may show that it has recovered.
local function control(lines)
  for _, line in ipairs(lines) do
    local number = head({ line }, 'S')
    if number and call('HINCRBY', RARE, 'control:' .. line, 1) >= control_every then
      call('HDEL', RARE, 'control:' .. line)
      return number
    end
  end
end

local function pick(cell)
  local lines = lines_of(cell)
  local resting = some_rest and control(lines)
  if resting then
    return resting, read(resting)
  end
  for _ = 1, max_give_way do
    local number = head(lines, 'A')
    if not number then
      return nil
    end
    local said, state = read(number)
    state[CREDIT] = state[CREDIT] + state[WEIGHT]
    if state[CREDIT] >= 100 then
      state[CREDIT] = state[CREDIT] - 100
      return number, said, state
    end
    state[TURN] = next_turn()
    refresh(number, said, state)
  end
  local number = head(lines, 'A')
  return number, read(number)
end

-- The number that this person saw last, if it is to be seen again and the campaign may use it.
local function sticky()
  local seen = call('GET', PERSON)
  if not seen then
    return nil
  end
  local number, at = string.match(seen, '(%d+) (%d+)')
  if now - tonumber(at) >= sticky_for then
    return nil
  end
  local said, state = read(number)
  if not said or string.sub(state[MARK], 1, 1) ~= 'A' then
    return nil
  end
  local kept = said[CAMPAIGNS]
  for _, name in ipairs(kept) do
    if name == campaign then
      return number, said, state
    end
  end
  if #kept == 0 then
    return number, said, state
  end
end

local function present(tier, number, said, state)
  charge(said, state, now)
  state[IN_USE] = state[IN_USE] + 1
  state[TURN] = next_turn()
  refresh(number, said, state)
  local expires = now + reserved_for
  reserve(id, { number, to, tier, now, expires, rest })
  call('SET', PERSON, number .. ' ' .. text(now), 'EX', person_kept)
  return { 'present', number, tier, text(now), text(expires), said[LABEL] }
end

local STATUSES = { 'R', 'C', 'S', 'I', 'U' }
local counted = {}

-- How many numbers of a cell are reserved, capped, resting, inactive, unverified; none is available, or it would have been chosen.
local function count(cell)
  if counted[cell] then
    return counted[cell]
  end
  local counts = {}
  for i, status in ipairs(STATUSES) do
    counts[i] = 0
    for _, line in ipairs(lines_of(cell)) do
      local from = line .. status
      counts[i] = counts[i] + call('ZLEXCOUNT', LINES, '[' .. from, '(' .. from .. '\255')
    end
  end
  counted[cell] = counts
  return counts
end

-- The first of those waiting that could answer this question once it is free; past so many, a moment at which it is not too
-- late to ask again.
local function first_that_helps(waiting, number_of, asked)
  for i = 1, #waiting, 2 do
    local number = number_of(waiting[i])
    local said = number and call('HGET', SAID, number)
    said = said and cmsgpack.unpack(said)
    if said and said[STANDING] == '' then
      for _, line in ipairs(said[CELLS]) do
        if asked[line] then
          return tonumber(waiting[i + 1])
        end
      end
    end
  end
  if #waiting == 2 * LOOKED_THROUGH then
    return tonumber(waiting[#waiting])
  end
end

local function refuse()
  local asked = {}
  local answer = { 'none', 0, 0, 0, 0, 0, 0 }
  for i = 12, 11 + 2 * tiers, 2 do
    for _, line in ipairs(lines_of(ARGV[i + 1])) do
      asked[line] = true
    end
    answer[#answer + 1] = tonumber(ARGV[i])
    for _, n in ipairs(count(ARGV[i + 1])) do
      answer[#answer + 1] = n
    end
  end
  for i = 12 + 2 * tiers, #ARGV, 2 do
    for s, n in ipairs(count(ARGV[i + 1])) do
      answer[2 + s] = answer[2 + s] + tonumber(ARGV[i]) * n
    end
  end
  local expiring = call('ZRANGE', EXPIRY, 0, LOOKED_THROUGH - 1, 'WITHSCORES')
  local waking = call('ZRANGE', WAKES, 0, LOOKED_THROUGH - 1, 'WITHSCORES')
  local ends = first_that_helps(expiring, function(reservation)
    return cmsgpack.unpack(call('HGET', RESERVED, reservation))[1]
  end, asked)
  local wakes = first_that_helps(waking, function(number) return number end, asked)
  local retry_at = math.min(ends or math.huge, wakes or math.huge)
  answer[2] = retry_at < math.huge and text(retry_at) or '0'
  return answer
end

local number, said, state = sticky()
if number then
  return present(0, number, said, state)
end
for i = 12, 11 + 2 * tiers, 2 do
  number, said, state = pick(ARGV[i + 1])
  if number then
    return present(tonumber(ARGV[i]), number, said, state)
  end
end
if behind then
  return { 'again' }
end
return refuse()
