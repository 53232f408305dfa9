-- KEYS: conversation, memo. ARGV: token, now, lock until, in line until, milliseconds to the sweep.
-- Returns status, memo or session, version.
local conversation, token, now = KEYS[1], ARGV[1], tonumber(ARGV[2])

local memo = remembered(KEYS[2], now)
if memo then
  leave(conversation, token)
  return {'seen', memo, '0'}
end

local fields = redis.call('HMGET', conversation, 'token', 'locked', 'line', 'session', 'version', 'kept')
local holder, locked, session, version, kept = fields[1], fields[2], fields[4], fields[5], fields[6]

local line, place = {}, nil
for _, waiting in ipairs(cjson.decode(fields[3] or '[]')) do
  if tonumber(waiting[2]) > now then
    line[#line + 1] = waiting
    if waiting[1] == token then place = #line end
  end
end

local free = not holder or tonumber(locked) <= now
local first = #line == 0 or place == 1
if holder ~= token and not (free and first) then
  place = place or #line + 1
  line[place] = {token, ARGV[4]}
  save_line(conversation, line)
  sweep_after(conversation, ARGV[5])
  return {'in line', '', '0'}
end

if place then table.remove(line, place) end
if fields[3] then save_line(conversation, line) end
if kept and tonumber(kept) <= now then
  redis.call('HDEL', conversation, 'session', 'version', 'kept')
  session, version = nil, nil
end
redis.call('HSET', conversation, 'token', token, 'locked', ARGV[3])
sweep_after(conversation, ARGV[5])
return {'yours', session or '', version or '0'}
