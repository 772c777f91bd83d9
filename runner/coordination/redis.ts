// RedisCoordination: workers of a cluster. Leases, live progress and the cancel signal are in Redis; whenever it cannot tell, the
// store does. It may be wiped, restarted or gone at any moment: then things take longer, and nothing else.
import * as shared from '../../crds/wire/redis-keys.ts'
import { RateBudget, type RateBudgetOptions } from './budget.ts'
import type { Coordination, Holder, SliceProgress } from './coordination.ts'
import { type Heartbeat, startHeartbeat } from './heartbeat.ts'
import { ProgressWriter } from './progress-writer.ts'
import { openRedis, type RedisConnection, type RedisTrouble } from './redis-connection.ts'
import { expired, StoreCoordination } from './store.ts'

const { redisKeys } = shared

export type RedisCoordinationOptions = {
  url: string
  /** The pod's name, or whatever tells people which process it is. */
  name: string
  onTrouble: RedisTrouble
  beatMilliseconds?: number
  /** A worker that gave no sign of life for this long is gone. */
  leaseMilliseconds?: number
  /** A worker that gave the store no sign of life for this long is gone, whatever Redis says: others may write its heartbeat. */
  doubtMilliseconds?: number
}

/** Longer than a living worker is ever silent in the store: a main thread that does nothing for five minutes stops the heartbeat. */
const defaultDoubtMilliseconds = 600_000

export class RedisCoordination implements Coordination {
  readonly oneMachine = false
  readonly #options: Required<RedisCoordinationOptions>
  readonly #names: StoreCoordination
  readonly #connection: RedisConnection
  readonly #progress: ProgressWriter
  #cancelToken: string | undefined
  /** Workers of whom the store has no sign of life, and since when this worker knows. */
  readonly #silentSince = new Map<string, number>()
  readonly #heartbeats = new Map<string, Heartbeat>()

  /** Connects in the background. `close` when done. */
  constructor(options: RedisCoordinationOptions) {
    const { heartbeatMilliseconds: beatMilliseconds, leaseMilliseconds } = shared
    this.#options = { beatMilliseconds, leaseMilliseconds, doubtMilliseconds: defaultDoubtMilliseconds, ...options }
    this.#names = new StoreCoordination(options.name)
    this.#connection = openRedis(options.url, 'headgate-worker', options.onTrouble)
    this.#progress = new ProgressWriter(this.#connection)
  }

  newWorker(): string {
    return this.#names.newWorker()
  }

  begin(worker: string): void {
    // The thread's connection is away whenever this one is, which has reported it.
    this.#heartbeats.set(worker, startHeartbeat({ ...this.#options, worker, onTrouble: () => {} }))
  }

  async end(worker: string): Promise<void> {
    await this.#heartbeats.get(worker)?.stop()
    this.#heartbeats.delete(worker)
    await this.#connection.ask((redis) => redis.del(redisKeys.worker(worker)))
  }

  /**
   * Redis knows sooner than the store who is gone. It does not know while this worker has not been connected for a lease (others
   * may have been cut off as well), nor soon after it was wiped or started; then the store's slower answer counts.
   */
  async lapsed(holders: readonly Holder[]): Promise<string[]> {
    const workers = [...new Set(holders.map(({ worker }) => worker))]
    const { leaseMilliseconds } = this.#options
    if (this.#connection.steadyMilliseconds() < leaseMilliseconds) return expired(holders)
    const keys = [redisKeys.since, ...workers.map(redisKeys.worker)]
    const answer = await this.#connection.ask((redis) => redis.headgateLapsed(keys.length, ...keys, leaseMilliseconds))
    if (!Array.isArray(answer)) return expired(holders)
    const lapsed = answer.map((number) => workers[number - 1] as string)
    return [...new Set([...lapsed, ...this.#doubted(holders)])]
  }

  /** Those of whom the store has had no sign of life ever since this worker first saw that, for too long to believe Redis. */
  #doubted(holders: readonly Holder[]): string[] {
    const now = performance.now()
    const silent = new Set(expired(holders))
    for (const worker of this.#silentSince.keys()) if (!silent.has(worker)) this.#silentSince.delete(worker)
    for (const worker of silent) if (!this.#silentSince.has(worker)) this.#silentSince.set(worker, now)
    return [...this.#silentSince].filter(([, since]) => now - since >= this.#options.doubtMilliseconds).map(([worker]) => worker)
  }

  planned(run: string, slices: number): void {
    this.#progress.planned(run, slices)
  }

  saveProgress(run: string, progress: SliceProgress): void {
    this.#progress.save(run, progress)
  }

  obeyCancel(token: string): void {
    this.#cancelToken = token
  }

  async cancelRequested(run: string): Promise<boolean> {
    const token = this.#cancelToken
    if (token === undefined) return false
    return (await this.#connection.ask((redis) => redis.headgateIs(redisKeys.cancel(run), token))) === 1
  }

  rateBudget(options: RateBudgetOptions): RateBudget {
    return new RateBudget(options, this.#connection)
  }

  /** Waits a moment for the last progress to be written. */
  async close(): Promise<void> {
    await Promise.all([...this.#heartbeats.keys()].map((worker) => this.end(worker)))
    await this.#progress.settled()
    this.#connection.close()
  }
}
