-- Asks for caller IDs, as wrk's script: wrk -s load.lua URL -- NUMBERS RESERVED_FOR [nothing], where so many NUMBERS are in
-- the 20 area codes of caller_ids.py. With `nothing` it asks as much in as many words, but `to` is called `tx`: the route has
-- nothing to do. Prints one line of tab-separated figures: see `done`. For one thread.
--
-- A 503 is false when a number was free. The answers of the last RESERVED_FOR seconds are the numbers that are out; as the
-- server's second is not quite ours, only a 503 with less than nine tenths of all numbers out is called false.

local ffi = require("ffi")
ffi.cdef([[
  typedef struct { long seconds; long nanoseconds; } moment;
  int clock_gettime(int clock, moment *now);
]])
local MONOTONIC = 1
local ALMOST_ALL = 0.9
local AGENTS = 100
-- 711 and 811 are service codes: no telephone has these numbers.
local EXCHANGES = { "711", "811" }
local AREA_CODES = {}
for code in ("201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228"):gmatch("%d+") do
  AREA_CODES[#AREA_CODES + 1] = code
end

local moment = ffi.new("moment")
local function now()
  ffi.C.clock_gettime(MONOTONIC, moment)
  return tonumber(moment.seconds) + tonumber(moment.nanoseconds) / 1e9
end

local thread
function setup(only)
  thread = only
end

local numbers, reserved_for, path
-- When the numbers that are out were given: given[oldest] … given[newest].
local given, oldest, newest = {}, 1, 0

function init(arguments)
  numbers, reserved_for = tonumber(arguments[1]), tonumber(arguments[2])
  path = "/next-cid?to=%s%04d&campaign=bench&agent=agent%03d"
  if arguments[3] == "nothing" then
    path = "/next-cid.txt?tx=%s%04d&campaign=bench&agent=agent%03d&when_none=empty"
  end
  allocated, empty, false_empty, other = 0, 0, 0, 0
  math.randomseed(os.time())
end

function request()
  local to = AREA_CODES[math.random(#AREA_CODES)] .. EXCHANGES[math.random(#EXCHANGES)]
  return wrk.format("GET", path:format(to, math.random(0, 9999), math.random(AGENTS)))
end

local function out(at)
  while oldest <= newest and given[oldest] < at - reserved_for do
    given[oldest] = nil
    oldest = oldest + 1
  end
  return newest - oldest + 1
end

function response(status)
  local at = now()
  if status == 200 then
    allocated = allocated + 1
    newest = newest + 1
    given[newest] = at
    out(at)
  elseif status == 503 and out(at) < ALMOST_ALL * numbers then
    false_empty = false_empty + 1
  elseif status == 503 then
    empty = empty + 1
  else
    other = other + 1
  end
end

-- seconds, 200, 503, false 503, other answers, socket errors and timeouts, p50 and p99 in milliseconds
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  io.write(table.concat({
    summary.duration / 1e6,
    thread:get("allocated"),
    thread:get("empty"),
    thread:get("false_empty"),
    thread:get("other"),
    failed,
    latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
  }, "\t"), "\n")
end
