// startHeartbeat: renews a worker's lease in Redis from a separate thread. Timers of a main thread that parses and encodes fire late, and if
// the leases of live workers expired, two workers would take over a slice from each other forever. Called by RedisCoordination.
import { Worker } from 'node:worker_threads'
import type { HeartbeatData } from './heartbeat-thread.ts'
import type { ReportProblem } from './redis-connection.ts'

const pulseMilliseconds = 1000
const restartMilliseconds = 1000
const hangMilliseconds = 300_000

export type HeartbeatOptions = {
  url: string
  worker: string
  beatMilliseconds: number
  leaseMilliseconds: number
  hangMilliseconds?: number
  onProblem: ReportProblem
}

export type Heartbeat = { stop(): Promise<void> }

/** Sends heartbeats until `stop`. Does not keep the process alive. */
export function startHeartbeat({ onProblem, ...options }: HeartbeatOptions): Heartbeat {
  const pulse = new SharedArrayBuffer(4)
  const counter = new Int32Array(pulse)
  const timer = setInterval(() => Atomics.add(counter, 0, 1), pulseMilliseconds).unref()
  const data: HeartbeatData = { hangMilliseconds, ...options, pulse }
  let stopped = false
  let thread = start()
  function start(): Worker {
    const started = startThread(data)
    started.on('message', onProblem)
    started.on('error', (error) => onProblem(`the heartbeat failed (${error.message}) and is restarted`))
    started.once('exit', () => {
      if (!stopped) setTimeout(() => (thread = start()), restartMilliseconds).unref()
    })
    return started
  }
  return {
    stop: async () => {
      stopped = true
      clearInterval(timer)
      await thread.terminate()
    },
  }
}

function startThread(workerData: HeartbeatData): Worker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const thread = new Worker(new URL(`./heartbeat-thread.${extension}`, import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 4 },
  })
  thread.unref()
  return thread
}
