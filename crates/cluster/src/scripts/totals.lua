-- Open reservations, and numbers by status.
catch_up(1000)
local answer = { call('ZCARD', EXPIRY) }
for _, status in ipairs({ 'A', 'R', 'C', 'S', 'I', 'U' }) do
  table.insert(answer, tonumber(call('HGET', RARE, 'status:' .. status) or 0))
end
return answer
