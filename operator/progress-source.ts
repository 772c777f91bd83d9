// The operator's access to Redis: reads the progress of runs, and asks workers to stop. Redis may be down or hang at any time. Tenants who
// share Redis may write any value under any key, so reads are bounded and the values are only displayed.
import { Redis } from 'ioredis'
import type { RunRecords } from '../crds/status.ts'
import { progressTotalField, progressTtlMilliseconds, redisKeys, type SliceProgress } from '../crds/wire/redis-keys.ts'
import type { CancelSignal, ProgressSource } from './controllers/controller.ts'
import type { LiveProgress } from './controllers/progress/book.ts'

export type RedisProgress = ProgressSource & CancelSignal & { close(): void }

const options = {
  connectionName: 'headgate-operator',
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 5_000,
  commandTimeout: 2_000,
  retryStrategy: (attempts: number) => Math.min(5_000, 200 * attempts),
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
} as const

/** A run with a larger hash shows no live progress. A slice takes about 150 bytes. */
export const maxProgressFields = 4_096
export const maxProgressBytes = 512 * 1024
/** Number of runs per round trip; together with the limits above, this bounds the memory use. */
const runsPerRoundTrip = 20

/** KEYS: hash. ARGV: maximum number of fields and bytes. Returns fields and values alternately; nothing if the key is no hash or larger. */
const boundedHash = `
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' or redis.call('HLEN', KEYS[1]) > tonumber(ARGV[1]) then return {} end
local all, bytes = redis.call('HGETALL', KEYS[1]), 0
for _, text in ipairs(all) do bytes = bytes + #text end
if bytes > tonumber(ARGV[2]) then return {} end
return all`

type BoundedCommands = { headgateBoundedHash(key: string, fields: number, bytes: number): void }

/** Connects in the background. Calls reject while Redis is not connected, and after two seconds without a response. */
export function openRedisProgress(url: string): RedisProgress {
  const redis = new Redis(url, { ...options, scripts: { headgateBoundedHash: { lua: boundedHash, numberOfKeys: 1 } } })
  // Each call rejects while Redis is unavailable, so the error event of the connection adds nothing.
  redis.on('error', () => {})
  return {
    read: (runs) => readProgress(redis, runs),
    cancel: async (run, token) => {
      await redis.set(redisKeys.cancel(run), token, 'PX', progressTtlMilliseconds)
    },
    close: () => redis.disconnect(),
  }
}

async function readProgress(redis: Redis, runs: readonly string[]): Promise<Map<string, LiveProgress>> {
  const found = new Map<string, LiveProgress>()
  for (let first = 0; first < runs.length; first += runsPerRoundTrip) await readSome(redis, runs.slice(first, first + runsPerRoundTrip), found)
  return found
}

/** Reads in one round trip. */
async function readSome(redis: Redis, runs: readonly string[], found: Map<string, LiveProgress>): Promise<void> {
  const pipeline = redis.pipeline() as ReturnType<Redis['pipeline']> & BoundedCommands
  for (const run of runs) pipeline.headgateBoundedHash(redisKeys.progress(run), maxProgressFields, maxProgressBytes)
  const answers = (await pipeline.exec()) ?? []
  for (const [index, run] of runs.entries()) {
    const [error, entries] = answers[index] ?? [new Error('no answer'), undefined]
    if (error !== null) throw error
    const progress = sumOf(fieldsOf(entries as string[]))
    if (progress !== undefined) found.set(run, progress)
  }
}

function fieldsOf(entries: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = Object.create(null)
  for (let index = 0; index + 1 < entries.length; index += 2) fields[entries[index] as string] = entries[index + 1] as string
  return fields
}

/** Returns undefined if there is no progress. Skips invalid entries, because progress is only displayed. */
export function sumOf(fields: Record<string, string>): LiveProgress | undefined {
  const { [progressTotalField]: total, ...slices } = fields
  if (Object.keys(fields).length === 0) return undefined
  const records: RunRecords = { read: 0, loaded: 0, unchanged: 0, superseded: 0, filtered: 0, quarantined: 0, parked: 0 }
  let done = 0
  for (const text of Object.values(slices)) {
    const slice = parsed<SliceProgress>(text)
    for (const outcome of ['read', 'loaded', 'unchanged', 'superseded', 'quarantined'] as const)
      records[outcome] = whole(records[outcome] + whole(slice?.[outcome]))
    if (slice?.done === true) done++
  }
  const planned = whole(parsed<{ slices: number }>(total ?? '')?.slices)
  return { records, ...(planned > 0 && { slices: { total: planned, done } }) }
}

function whole(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0
}

function parsed<Value extends object>(text: string): Partial<Value> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
