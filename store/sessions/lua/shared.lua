-- Comes before every script.
--
-- Times are microseconds since 1970 as decimal text. They are compared as numbers (a double is exact up to
-- 2^53, the year 2255) but stored as the text that came in: Lua would print them as 1.7e+15.
--
-- A conversation is a hash: token and locked (who holds the lock, until when), line (the waiting turns, oldest
-- first, as JSON [[token, until], …]), session, version and kept (until when the session is).

-- remembered returns the memo stored at key, unless it has lapsed.
local function remembered(key, now)
  local stored = redis.call('GET', key)
  if not stored then return nil end
  local space = string.find(stored, ' ', 1, true)
  if tonumber(string.sub(stored, 1, space - 1)) <= now then return nil end
  return string.sub(stored, space + 1)
end

local function save_line(conversation, line)
  if #line == 0 then
    redis.call('HDEL', conversation, 'line')
  else
    redis.call('HSET', conversation, 'line', cjson.encode(line))
  end
end

-- leave frees the lock if token holds it, and gives up its place in line.
local function leave(conversation, token)
  local fields = redis.call('HMGET', conversation, 'token', 'line')
  if fields[1] == token then redis.call('HDEL', conversation, 'token', 'locked') end
  if not fields[2] then return end
  local rest = {}
  for _, waiting in ipairs(cjson.decode(fields[2])) do
    if waiting[1] ~= token then rest[#rest + 1] = waiting end
  end
  save_line(conversation, rest)
end

-- sweep_after makes a key live for ms more at least.
local function sweep_after(key, ms)
  if redis.call('PTTL', key) < tonumber(ms) then redis.call('PEXPIRE', key, ms) end
end
