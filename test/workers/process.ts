// A worker as a pod has it, but with leases so short that a test can wait for them. Started by pod.ts; its argument is WorkerSettings as JSON.
import { RedisCheckpoints } from '../../runner/checkpoints/redis.ts'
import { StoreCheckpoints } from '../../runner/checkpoints/store.ts'
import { runClusterWorker } from '../../runner/cluster/worker.ts'
import type { ClusterWorkerConfig } from '../../runner/config.ts'

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
const checkpoints = url === undefined ? new StoreCheckpoints(name) : new RedisCheckpoints({ url, name, onTrouble: log, ...redis })
process.exit(await runClusterWorker({ config, checkpoints, signal: stop.signal, log, leaseMilliseconds, stuckMilliseconds }))
