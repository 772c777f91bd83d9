// The thread that sends a worker's heartbeats to Redis while the main thread is busy. Started by heartbeat.ts.
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { redisKeys } from '../../crds/wire/redis-keys.ts'
import { openRedis } from './redis-connection.ts'

export type HeartbeatData = {
  url: string
  worker: string
  beatMilliseconds: number
  leaseMilliseconds: number
  /** Heartbeats stop if the main thread has been blocked for this long, so that other workers consider this worker dead. */
  hangMilliseconds: number
  /** Counter that the main thread increments while it is not blocked. */
  pulse: SharedArrayBuffer
}

const data = workerData as HeartbeatData
const pulse = new Int32Array(data.pulse)
const connection = openRedis(data.url, 'headgate-heartbeat', (message) => parentPort?.postMessage(message))
connection.redis.on('ready', () => void beat())

let seen = Atomics.load(pulse, 0)
let seenAt = performance.now()
for (;;) {
  await beat()
  await sleep(data.beatMilliseconds)
}

async function beat(): Promise<void> {
  const count = Atomics.load(pulse, 0)
  if (count !== seen) seenAt = performance.now()
  seen = count
  if (performance.now() - seenAt > data.hangMilliseconds) return
  await connection.attempt((redis) => redis.headgateBeat(redisKeys.worker(data.worker), redisKeys.since, data.leaseMilliseconds))
}
