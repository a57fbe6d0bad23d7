-- Open reservations, those first that expire first, so many at most.
catch_up(1000)
local answer = {}
for i, id in ipairs(call('ZRANGE', EXPIRY, 0, ARGV[1] - 1)) do
  local number, to, tier, made, expires, rest = unpack(cmsgpack.unpack(call('HGET', RESERVED, id)))
  local said = read(number)
  answer[i] = { id, number, to, tier, text(made), text(expires), rest, said and said[LABEL] or '' }
end
return answer
