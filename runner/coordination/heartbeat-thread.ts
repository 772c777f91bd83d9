// The thread that says in Redis that a worker lives, while the main thread is busy with a block. Started by heartbeat.ts.
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { redisKeys } from '../../crds/wire/redis-keys.ts'
import { openRedis } from './redis-connection.ts'

export type HeartbeatData = {
  url: string
  worker: string
  beatMilliseconds: number
  leaseMilliseconds: number
  /** A main thread that did nothing for this long hangs: the worker is as good as dead. */
  hangMilliseconds: number
  /** The main thread counts up in it as long as it lives. */
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
  await connection.ask((redis) => redis.headgateBeat(redisKeys.worker(data.worker), redisKeys.since, data.leaseMilliseconds))
}
