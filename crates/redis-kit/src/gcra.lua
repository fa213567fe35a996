-- One number per key: the time, in microseconds, at which the bucket would be full again.
-- ARGV: how many at once; microseconds in which one comes back.
local count = tonumber(ARGV[1])
local interval = tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])

local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local may_from = full_at + interval - interval * count
local allowed = now >= may_from
if allowed then
  full_at = full_at + interval
  redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
end

local used = full_at - now
local remaining = math.max(0, math.floor((interval * count - used) / interval))
local reset_s = math.ceil(used / 1000000)
local retry_after_s = math.max(0, math.ceil((may_from - now) / 1000000))
return { allowed and 1 or 0, remaining, reset_s, retry_after_s }
