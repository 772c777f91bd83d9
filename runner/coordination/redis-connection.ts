// openRedis: a connection to a Redis that may go down, hang or come back at any time. It connects in the background, sends no command while
// disconnected, and waits for each reply for a bounded time. Used by RedisCoordination and the heartbeat thread.
import { Redis } from 'ioredis'
import { withScripts } from './scripts.ts'

/** Maximum wait for a reply. */
const replyTimeoutMilliseconds = 1000
/** After a command that failed or timed out, no command is sent for this long, so that a Redis that hangs does not delay the workers. */
const pauseMilliseconds = 3000
const longestReconnectMilliseconds = 2000

export type RedisConnection = ReturnType<typeof openRedis>
export type ScriptedRedis = ReturnType<typeof withScripts>

export type ReportProblem = (message: string) => void

/** Connects in the background. `onProblem` is called once per outage. The URL's password is in no message. */
export function openRedis(url: string, name: string, onProblem: ReportProblem) {
  const redis = withScripts(new Redis(url, { ...options, connectionName: name }))
  const outage = new Outage(redis, onProblem)
  let readySince: number | undefined
  let pausedUntil = 0
  redis.on('ready', () => (readySince = performance.now()))
  redis.on('close', () => (readySince = undefined))
  return {
    redis,
    /** Returns the reply to `command`; undefined if Redis is not available or the command fails. */
    async attempt<Reply>(command: (redis: ScriptedRedis) => Promise<Reply>): Promise<Reply | undefined> {
      if (redis.status !== 'ready' || performance.now() < pausedUntil) return undefined
      try {
        const reply = await withTimeout(command(redis))
        outage.end()
        return reply
      } catch (error) {
        pausedUntil = performance.now() + pauseMilliseconds
        outage.report(error)
        return undefined
      }
    },
    /** How long the connection has been open without interruption. */
    connectedMilliseconds: () => (readySince === undefined ? 0 : performance.now() - readySince),
    close: () => redis.disconnect(),
  }
}

const options = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 5000,
  retryStrategy: (attempts: number) => Math.min(longestReconnectMilliseconds, 100 * attempts),
  // A former master that has become a replica.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
} as const

/** Reports only the first error of an outage. */
class Outage {
  readonly #report: ReportProblem
  #reported = false

  constructor(redis: Redis, report: ReportProblem) {
    this.#report = report
    redis.on('error', (error: Error) => this.report(error))
    redis.on('ready', () => this.end())
  }

  report(error: unknown): void {
    if (this.#reported) return
    this.#reported = true
    const { code, message } = error as { code?: string; message: string }
    this.#report(`Redis is not available (${code ?? message}); the run continues without live progress, and detects dead workers more slowly`)
  }

  end(): void {
    this.#reported = false
  }
}

async function withTimeout<Reply>(reply: Promise<Reply>): Promise<Reply> {
  const { promise: timeout, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('no reply in time')), replyTimeoutMilliseconds)
  reply.catch(() => {})
  try {
    return await Promise.race([reply, timeout])
  } finally {
    clearTimeout(timer)
  }
}
