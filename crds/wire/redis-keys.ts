// Keys and values in Redis. Heartbeats, progress and rate budgets are written and read by workers (runner/coordination/); the operator
// reads progress and writes the cancel key (operator/progress-source.ts), which workers read. Any tenant who shares the Redis may write any key.

/** Store name of a run or pipeline of a cluster: `<namespace>/<name>`. */
export function storeName(namespace: string, name: string): string {
  return `${namespace}/${name}`
}

/** `run` is a store name. The braces keep the keys of one run together on a Redis cluster. */
export const redisKeys = {
  /** String with a time to live: there as long as the worker lives. */
  worker: (worker: string) => `headgate:worker:${worker}`,
  /** When this Redis was first used. Within a lease of that time a missing heartbeat proves nothing. */
  since: 'headgate:since',
  /** Hash: slice ordinal → SliceProgress as JSON; and `total`. */
  progress: (run: string) => `headgate:run:{${run}}:progress`,
  /** String: the cancel token of the run’s snapshot, if the operator asks for the run to stop. Any other value asks for nothing. */
  cancel: (run: string) => `headgate:run:{${run}}:cancel`,
  /** Token bucket of a shared rate budget. */
  budget: (name: string) => `headgate:budget:${name}`,
} as const

/** Field of the progress hash that holds `{"slices": n}`. */
export const progressTotalField = 'total'

export const heartbeatMilliseconds = 2_000
export const leaseMilliseconds = 10_000
export const progressTtlMilliseconds = 86_400_000

/** Progress of a slice, for display. */
export type SliceProgress = {
  slice: number
  /** Counts of the slice's committed batches, by all workers. */
  read: number
  loaded: number
  unchanged: number
  /** Missing in what workers of older versions write. */
  superseded?: number
  quarantined: number
  /** Bytes of input behind the committed batches, if the source knows. */
  bytes: number
  /** Records among `read` that were committed before this worker took the slice. */
  earlier?: number
  /** The slice is finished. */
  done?: boolean
  /** The extractor's position behind the last committed batch. For display only; workers read the ledger. Omitted if it may hold a sensitive value. */
  position?: unknown
}
