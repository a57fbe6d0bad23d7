-- Asks for phones as Asterisk does, as wrk's script: wrk -s load.lua URL -- LOGIN FIRST COUNT, where LOGIN is what stands
-- behind `Basic`. Half of the questions are for an endpoint, a quarter each for its log-in and its address of record; one in ten is
-- for a phone that there is not. For one thread. Prints a line of tab-separated figures: seconds, answers, rows, errors, p50 and p99 in ms.

local TABLES = { "ps_endpoints", "ps_endpoints", "ps_auths", "ps_aors" }

local thread
function setup(only)
  thread = only
end

local first, count
function init(arguments)
  first, count = tonumber(arguments[2]), tonumber(arguments[3])
  wrk.method = "POST"
  wrk.headers["Authorization"] = "Basic " .. arguments[1]
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  rows, refused = 0, 0
end

function request()
  local number = first + math.random(0, math.floor(count * 1.1) - 1)
  return wrk.format(nil, "/realtime/" .. TABLES[math.random(#TABLES)] .. "/single", nil, "id=" .. number)
end

function response(status, _, body)
  if status ~= 200 then
    refused = refused + 1
  elseif #body > 0 then
    rows = rows + 1
  end
end

function done(summary, latency)
  print(string.format("%.3f\t%d\t%d\t%d\t%.2f\t%.2f", summary.duration / 1e6, summary.requests, thread:get("rows"),
    thread:get("refused") + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
