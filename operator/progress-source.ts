// Redis as the operator uses it: reads how far runs are, and asks workers to stop. It may be down or hang at any time.
import { Redis } from 'ioredis'
import { progressTotalField, progressTtlMilliseconds, redisKeys, type SliceProgress } from '../crds/redis-keys.ts'
import type { RunRecords } from '../crds/status.ts'
import type { CancelSignal, LiveProgress } from './controllers/ports.ts'
import type { ProgressSource } from './controllers/progress/progress.ts'

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

/** Connects in the background. Questions reject while it is not connected, and after two seconds without an answer. */
export function openRedisProgress(url: string): RedisProgress {
  const redis = new Redis(url, options)
  // Whoever asks is told that it is away; the connection itself has nothing to add.
  redis.on('error', () => {})
  return {
    read: (runs) => readProgress(redis, runs),
    cancel: async (run) => {
      await redis.set(redisKeys.cancel(run), 'requested', 'PX', progressTtlMilliseconds)
    },
    close: () => redis.disconnect(),
  }
}

/** One round trip. */
async function readProgress(redis: Redis, runs: readonly string[]): Promise<Map<string, LiveProgress>> {
  const pipeline = redis.pipeline()
  for (const run of runs) pipeline.hgetall(redisKeys.progress(run))
  const answers = (await pipeline.exec()) ?? []
  const found = new Map<string, LiveProgress>()
  for (const [index, run] of runs.entries()) {
    const [error, fields] = answers[index] ?? [new Error('no answer'), undefined]
    if (error !== null) throw error
    const progress = sumOf(fields as Record<string, string>)
    if (progress !== undefined) found.set(run, progress)
  }
  return found
}

/** Undefined if nothing is there. What cannot be read is left out: it is only for looking at. */
export function sumOf(fields: Record<string, string>): LiveProgress | undefined {
  const { [progressTotalField]: total, ...slices } = fields
  if (Object.keys(fields).length === 0) return undefined
  const records: RunRecords = { read: 0, loaded: 0, unchanged: 0, superseded: 0, filtered: 0, quarantined: 0, parked: 0 }
  let done = 0
  for (const text of Object.values(slices)) {
    const slice = parsed<SliceProgress>(text)
    for (const outcome of ['read', 'loaded', 'unchanged', 'quarantined'] as const) records[outcome] += whole(slice?.[outcome])
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
