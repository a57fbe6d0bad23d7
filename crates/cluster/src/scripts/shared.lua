-- What every script begins with. One call of a script is one step for all nodes: nothing comes between its reads and its writes.
--
-- Every key is declared and carries the same hash tag, so that a Redis Cluster keeps them in one slot:
--   clock     which pool this is, in which run of the server, the last turn that was given, and when that was; "told:" and a node:
--             it has told what it did with numbers of others
--   zones     time zone -> first day, then the midnights that follow it, in seconds since 1970
--   said      number -> what an administrator says of it
--   state     number -> what has happened to it; of one that nobody has told of yet, what nodes remember of it
--   lines     every number in every cell that shows it: cell, campaign, mark, number; ordered as text
--   wakes     capped numbers by the moment at which their caps let them go on
--   reserved  reservation -> number, to, tier, ...
--   expiry    open reservations by the moment at which they end by themselves
--   open      open reservations as text: number, to, moment made, reservation
--   rare      how many numbers rest, how many have each status, how many are kept for a campaign, and cells' choices since the
--             last control call
--   scores    number -> outcomes by tier; "pool:" and its name -> those of all its numbers
-- None of these has a time to live, so no `volatile-*` policy evicts them; `allkeys-*` policies would.
local CLOCK, ZONES, SAID, STATE, LINES, WAKES, RESERVED, EXPIRY, OPEN, RARE, SCORES = unpack(KEYS)
local SEP = '\31'
local call = redis.call

-- A mark is a number's status and its turn: A(vailable), R(eserved), C(apped), S(resting), I(nactive), U(nverified).
-- Fields of said and of state, which are kept as arrays.
local CELLS, MOST, PER_MINUTE, HOURLY, DAILY, ZONE, STANDING, POOL, LABEL, CAMPAIGNS, NODES = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
local MINUTE, HOUR, DAY, IN_USE, TURN, MARK, WAKES_AT, RESTING, WEIGHT, CREDIT, LAST_USED = 1, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14

local time = call('TIME')
local now = time[1] * 1000000 + time[2]

-- The last argument is the pool that the node believes in. Another one has forgotten what this node did, so it must tell first.
local pool = table.remove(ARGV)
local clock = call('HMGET', CLOCK, 'pool', 'turn', 'run', 'at')
if clock[1] ~= pool or not is_whole(CLOCK, clock[3], clock[4]) then
  return { 'lost' }
end
-- The first write of every script is one that Redis refuses when its memory is full, so that none stops half-way.
local turn = math.max(now, tonumber(clock[2]) + 1)
call('HSET', CLOCK, 'turn', string.format('%.0f', turn + 16), 'at', string.format('%.0f', now))

local function next_turn()
  turn = turn + 1
  return turn
end

local function read(number)
  local said, state = call('HGET', SAID, number), call('HGET', STATE, number)
  return said and cmsgpack.unpack(said), state and cmsgpack.unpack(state)
end

local function new_state()
  return { 0, 0, 0, 0, 0, 0, 0, 0, '', 0, 0, 100, 0, 0 }
end

local function write(number, state)
  call('HSET', STATE, number, cmsgpack.pack(state))
end

-- The local day at a moment, and when the next one begins. Past the end of the table the last day goes on, which frees nothing.
local function local_day(zone, at)
  local day, first
  for word in string.gmatch(call('HGET', ZONES, zone) or '0', '%d+') do
    if not first then
      first, day = true, tonumber(word)
    else
      local midnight = tonumber(word) * 1000000
      if at < midnight then
        return day, midnight
      end
      day = day + 1
    end
  end
  return day, at + 3600000000
end

local function used_in(state, window, id)
  if id > state[window] then
    return 0
  end
  return state[window + 1]
end

-- A window only moves forward: a clock that is set back frees nothing.
local function charge_window(state, window, id, uses)
  if id > state[window] then
    state[window], state[window + 1] = id, 0
  end
  state[window + 1] = state[window + 1] + uses
end

local function charge(said, state, at)
  charge_window(state, MINUTE, math.floor(at / 60000000), 1)
  charge_window(state, HOUR, math.floor(at / 3600000000), 1)
  charge_window(state, DAY, local_day(said[ZONE], at), 1)
  state[LAST_USED] = math.max(state[LAST_USED], at)
end

-- Adds a node's own uses: three windows with the uses in them and the last use, from this argument on.
local function recall(state, from)
  for i, window in ipairs({ MINUTE, HOUR, DAY }) do
    local id, uses = tonumber(ARGV[from + 2 * i - 2]), tonumber(ARGV[from + 2 * i - 1])
    if id >= state[window] then
      charge_window(state, window, id, uses)
    end
  end
  state[LAST_USED] = math.max(state[LAST_USED], tonumber(ARGV[from + 6]))
  state[TURN] = math.max(state[TURN], state[LAST_USED])
end

-- What a number is doing, and when its caps will let it go on by themselves (0: never, or it need not wait).
local function status_of(said, state)
  if said[STANDING] ~= '' then
    return said[STANDING], 0
  end
  if said[PER_MINUTE] == 0 or said[HOURLY] == 0 or said[DAILY] == 0 then
    return 'C', 0
  end
  local wakes_at = 0
  if said[PER_MINUTE] > 0 and used_in(state, MINUTE, math.floor(now / 60000000)) >= said[PER_MINUTE] then
    wakes_at = (state[MINUTE] + 1) * 60000000
  end
  if used_in(state, HOUR, math.floor(now / 3600000000)) >= said[HOURLY] then
    wakes_at = math.max(wakes_at, (state[HOUR] + 1) * 3600000000)
  end
  local day, midnight = local_day(said[ZONE], now)
  if used_in(state, DAY, day) >= said[DAILY] then
    wakes_at = math.max(wakes_at, midnight)
  end
  if wakes_at > 0 then
    return 'C', wakes_at
  end
  if state[IN_USE] >= said[MOST] then
    return 'R', 0
  end
  return state[RESTING] == 1 and 'S' or 'A', 0
end

local function leave_lines(number, said, state)
  local members = {}
  for i, cell in ipairs(said[CELLS]) do
    members[i] = cell .. state[MARK] .. number
  end
  call('ZREM', LINES, unpack(members))
end

local function join_lines(number, said, state)
  local members = {}
  for i, cell in ipairs(said[CELLS]) do
    members[2 * i - 1] = 0
    members[2 * i] = cell .. state[MARK] .. number
  end
  call('ZADD', LINES, unpack(members))
end

-- A number's status was the first one, and is the second; '' where it has none.
local function tally(from, to)
  if from ~= to then
    if from ~= '' then
      call('HINCRBY', RARE, 'status:' .. from, -1)
    end
    if to ~= '' then
      call('HINCRBY', RARE, 'status:' .. to, 1)
    end
  end
end

-- Looks anew at what a number is doing, puts it where it belongs, and writes it down.
local function refresh(number, said, state)
  local status, wakes_at = status_of(said, state)
  local mark = status .. string.format('%016.0f', state[TURN])
  if mark ~= state[MARK] then
    if state[MARK] ~= '' then
      leave_lines(number, said, state)
    end
    tally(string.sub(state[MARK], 1, 1), status)
    state[MARK] = mark
    join_lines(number, said, state)
  end
  if wakes_at ~= state[WAKES_AT] then
    if wakes_at > 0 then
      call('ZADD', WAKES, wakes_at, number)
    else
      call('ZREM', WAKES, number)
    end
    state[WAKES_AT] = wakes_at
  end
  write(number, state)
end

-- The same for a number that nobody may have told of yet: it has no place, only a past.
local function keep(number, said, state)
  if said then
    refresh(number, said, state)
  else
    write(number, state)
  end
end

local function open_member(id, reservation)
  return reservation[1] .. SEP .. reservation[2] .. SEP .. string.format('%016.0f', reservation[4]) .. SEP .. id
end

-- A reservation: number, to, tier, made at, expires at, the rest as the nodes want it.
local function reserve(id, reservation)
  call('HSET', RESERVED, id, cmsgpack.pack(reservation))
  call('ZADD', EXPIRY, reservation[5], id)
  call('ZADD', OPEN, 0, open_member(id, reservation))
end

-- Ends a reservation; nothing if it is not open.
local function finish(id)
  local packed = call('HGET', RESERVED, id)
  if not packed then
    return nil
  end
  local reservation = cmsgpack.unpack(packed)
  call('HDEL', RESERVED, id)
  call('ZREM', EXPIRY, id)
  call('ZREM', OPEN, open_member(id, reservation))
  local said, state = read(reservation[1])
  if state then
    state[IN_USE] = math.max(0, state[IN_USE] - 1)
    keep(reservation[1], said, state)
  end
  return reservation
end

-- Ends what has timed out and wakes whose next window has begun, so many of each at most; says whether more may be waiting.
local function catch_up(most)
  local expired = call('ZRANGEBYSCORE', EXPIRY, '-inf', now, 'LIMIT', 0, most)
  for _, id in ipairs(expired) do
    finish(id)
  end
  local awake = call('ZRANGEBYSCORE', WAKES, '-inf', now, 'LIMIT', 0, most)
  for _, number in ipairs(awake) do
    local said, state = read(number)
    refresh(number, said, state)
  end
  return #expired == most or #awake == most
end

local function text(number)
  return string.format('%.0f', number)
end

