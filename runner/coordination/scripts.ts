// Lua scripts that Redis runs atomically, as commands of a connection. All times are from the clock of Redis. Used by openRedis.
import type { Redis } from 'ioredis'

/** KEYS: worker, since. ARGV: lease in ms. Renews the worker's lease. */
const headgateBeat = `
local now = redis.call('TIME')
redis.call('SET', KEYS[2], now[1] * 1000 + math.floor(now[2] / 1000), 'NX')
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return 1`

/**
 * KEYS: since, then workers. ARGV: lease in ms. Returns the numbers (from 1) of the workers without a heartbeat for a lease; or -1
 * if that is unknown, because this Redis was wiped or started within that time.
 */
const headgateLapsed = `
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local since = tonumber(redis.call('GET', KEYS[1]))
if not since then
  redis.call('SET', KEYS[1], now)
  return -1
end
local uptime = tonumber(string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%d+)'))
if now - since < tonumber(ARGV[1]) or uptime * 1000 <= tonumber(ARGV[1]) then return -1 end
local lapsed = {}
for number = 2, #KEYS do
  if redis.call('EXISTS', KEYS[number]) == 0 then lapsed[#lapsed + 1] = number - 1 end
end
return lapsed`

/**
 * KEYS: bucket. ARGV: tokens per second, size of the bucket, tokens wanted. Takes the tokens, letting the balance go negative if necessary,
 * and returns in how many ms they are available. Each caller waits longer than the previous one, so calls are served in order.
 */
const headgateTake = `
local now = redis.call('TIME')
now = now[1] * 1000 + now[2] / 1000
local rate, size, wanted = tonumber(ARGV[1]) / 1000, tonumber(ARGV[2]), tonumber(ARGV[3])
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(bucket[1]) or size, tonumber(bucket[2]) or now
tokens = math.min(size, tokens + math.max(0, now - at) * rate) - wanted
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.3f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((size - tokens) / rate) + 1000)
if tokens >= 0 then return 0 end
return math.ceil(-tokens / rate)`

/** KEYS: string. ARGV: text. Returns 1 if the key holds exactly that text. Compared in Redis, because another value may be large. */
const headgateIs = `
if redis.call('TYPE', KEYS[1]).ok ~= 'string' or redis.call('STRLEN', KEYS[1]) ~= #ARGV[1] then return 0 end
return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0`

type Scripts = {
  headgateBeat(worker: string, since: string, leaseMilliseconds: number): Promise<number>
  headgateLapsed(keyCount: number, ...keysAndLease: (string | number)[]): Promise<number | number[]>
  headgateIs(key: string, text: string): Promise<number>
  headgateTake(bucket: string, perSecond: number, size: number, wanted: number): Promise<number>
}

export function withScripts(redis: Redis): Redis & Scripts {
  redis.defineCommand('headgateBeat', { numberOfKeys: 2, lua: headgateBeat })
  redis.defineCommand('headgateLapsed', { lua: headgateLapsed })
  redis.defineCommand('headgateIs', { numberOfKeys: 1, lua: headgateIs })
  redis.defineCommand('headgateTake', { numberOfKeys: 1, lua: headgateTake })
  return redis as Redis & Scripts
}
