// A connection to Redis that may be down, hang or come back at any time: it connects in the background, asks nothing while it is
// not connected, and waits for no answer longer than a moment.
import { Redis } from 'ioredis'
import { withScripts } from './scripts.ts'

/** Longest wait for an answer. */
const patienceMilliseconds = 1000
/** After a question without an answer none is asked for this long, so that a Redis that hangs costs nothing. */
const pauseMilliseconds = 3000
const longestReconnectMilliseconds = 2000

export type RedisConnection = ReturnType<typeof openRedis>
export type ScriptedRedis = ReturnType<typeof withScripts>

export type RedisTrouble = (message: string) => void

/** Connects in the background. `onTrouble` hears once of each time that Redis is away. The URL's password is in no message. */
export function openRedis(url: string, name: string, onTrouble: RedisTrouble) {
  const redis = withScripts(new Redis(url, { ...options, connectionName: name }))
  const trouble = new Trouble(redis, onTrouble)
  let readySince: number | undefined
  let pausedUntil = 0
  redis.on('ready', () => (readySince = performance.now()))
  redis.on('close', () => (readySince = undefined))
  return {
    redis,
    /** What `question` is answered; undefined if it is not, for whatever reason. */
    async ask<Answer>(question: (redis: ScriptedRedis) => Promise<Answer>): Promise<Answer | undefined> {
      if (redis.status !== 'ready' || performance.now() < pausedUntil) return undefined
      try {
        const answer = await withinPatience(question(redis))
        trouble.over()
        return answer
      } catch (error) {
        pausedUntil = performance.now() + pauseMilliseconds
        trouble.report(error)
        return undefined
      }
    },
    /** How long the connection has held without a break. */
    steadyMilliseconds: () => (readySince === undefined ? 0 : performance.now() - readySince),
    close: () => redis.disconnect(),
  }
}

const options = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 5000,
  retryStrategy: (attempts: number) => Math.min(longestReconnectMilliseconds, 100 * attempts),
  // A replica that was the master until a moment ago.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
} as const

/** Reports the first of several failures in a row. */
class Trouble {
  readonly #report: RedisTrouble
  #reported = false

  constructor(redis: Redis, report: RedisTrouble) {
    this.#report = report
    redis.on('error', (error: Error) => this.report(error))
    redis.on('ready', () => this.over())
  }

  report(error: unknown): void {
    if (this.#reported) return
    this.#reported = true
    const { code, message } = error as { code?: string; message: string }
    this.#report(`Redis does not answer (${code ?? message}); the run goes on, without live progress, and takes longer to notice a dead worker`)
  }

  over(): void {
    this.#reported = false
  }
}

async function withinPatience<Answer>(answer: Promise<Answer>): Promise<Answer> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('no answer in time')), patienceMilliseconds)
  answer.catch(() => {})
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
