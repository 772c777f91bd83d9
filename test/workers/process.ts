// A worker as a pod has it, but with leases so short that a test can wait for them. Started by pod.ts; its argument is WorkerSettings as JSON.

import { runClusterWorker } from '../../runner/cluster/worker.ts'
import type { ClusterWorkerConfig } from '../../runner/config.ts'
import { RedisCoordination } from '../../runner/coordination/redis.ts'
import { StoreCoordination } from '../../runner/coordination/store.ts'

export type WorkerSettings = {
  config: ClusterWorkerConfig
  /** How long a claim holds in the store. */
  leaseMilliseconds: number
  stuckMilliseconds?: number
  redis: { beatMilliseconds: number; leaseMilliseconds: number }
}

const { config, leaseMilliseconds, stuckMilliseconds, redis } = JSON.parse(process.argv[2] as string) as WorkerSettings
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const log = (line: string) => void process.stderr.write(`${line}\n`)
const { worker: name, redisUrl: url } = config
const coordination = url === undefined ? new StoreCoordination(name) : new RedisCoordination({ url, name, onProblem: log, ...redis })
process.exit(await runClusterWorker({ config, coordination, signal: stop.signal, log, leaseMilliseconds, stuckMilliseconds }))
