-- KEYS: conversation, memo, transcripts. ARGV: token, now, version, next version, session, session kept until,
-- milliseconds to its sweep, memo, memo kept until, milliseconds to its sweep, transcript, sender, message id,
-- how many transcripts are kept.
-- Returns status, memo.
local conversation, token, now = KEYS[1], ARGV[1], tonumber(ARGV[2])

local memo = remembered(KEYS[2], now)
if memo then
  leave(conversation, token)
  return {'seen', memo}
end

local fields = redis.call('HMGET', conversation, 'token', 'version')
if fields[1] ~= token or (fields[2] or '0') ~= ARGV[3] then return {'lost', ''} end

redis.call('HSET', conversation, 'session', ARGV[5], 'version', ARGV[4], 'kept', ARGV[6])
redis.call('HDEL', conversation, 'token', 'locked')
sweep_after(conversation, ARGV[7])
redis.call('SET', KEYS[2], ARGV[9] .. ' ' .. ARGV[8], 'PX', ARGV[10])
if ARGV[11] ~= '' then
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[14], '*',
    'sender', ARGV[12], 'message', ARGV[13], 'at', ARGV[2], 'entry', ARGV[11])
end
return {'stored', ''}
