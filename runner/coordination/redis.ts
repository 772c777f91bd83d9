// RedisCoordination: coordination of workers on a cluster with Redis. Heartbeats, live progress and the cancel request are in Redis; if Redis
// has no reliable information, the leases in the store decide. Redis may be wiped, restarted or unavailable at any time: dead workers are then
// detected more slowly, and progress pauses. Used by worker processes.
import * as shared from '../../crds/wire/redis-keys.ts'
import { RateBudget, type RateBudgetOptions } from './budget.ts'
import type { Coordination, Holder, SliceProgress } from './coordination.ts'
import { type Heartbeat, startHeartbeat } from './heartbeat.ts'
import { ProgressWriter } from './progress-writer.ts'
import { openRedis, type RedisConnection, type ReportProblem } from './redis-connection.ts'
import { expired, StoreCoordination } from './store.ts'

const { redisKeys } = shared

export type RedisCoordinationOptions = {
  url: string
  /** The pod's name, or another name that identifies the process to users. */
  name: string
  onProblem: ReportProblem
  beatMilliseconds?: number
  /** A worker without a heartbeat in Redis for this long is dead. */
  leaseMilliseconds?: number
  /** A worker whose lease in the store has been expired for this long is dead, whatever Redis says: other tenants may write its heartbeat. */
  storeSilenceMilliseconds?: number
}

/** Longer than the store lease of a live worker can stay expired, because heartbeats stop once the main thread is blocked for five minutes. */
const defaultStoreSilenceMilliseconds = 600_000

export class RedisCoordination implements Coordination {
  readonly oneMachine = false
  readonly #options: Required<RedisCoordinationOptions>
  readonly #names: StoreCoordination
  readonly #connection: RedisConnection
  readonly #progress: ProgressWriter
  #cancelToken: string | undefined
  /** Workers whose lease in the store is expired → time at which this worker first saw that. */
  readonly #silentSince = new Map<string, number>()
  readonly #heartbeats = new Map<string, Heartbeat>()

  /** Connects in the background. Call `close` at the end. */
  constructor(options: RedisCoordinationOptions) {
    const { heartbeatMilliseconds: beatMilliseconds, leaseMilliseconds } = shared
    this.#options = { beatMilliseconds, leaseMilliseconds, storeSilenceMilliseconds: defaultStoreSilenceMilliseconds, ...options }
    this.#names = new StoreCoordination(options.name)
    this.#connection = openRedis(options.url, 'headgate-worker', options.onProblem)
    this.#progress = new ProgressWriter(this.#connection)
  }

  newWorkerName(): string {
    return this.#names.newWorkerName()
  }

  begin(worker: string): void {
    // Errors of the thread's connection are ignored, because this connection reports the same outage.
    this.#heartbeats.set(worker, startHeartbeat({ ...this.#options, worker, onProblem: () => {} }))
  }

  async end(worker: string): Promise<void> {
    await this.#heartbeats.get(worker)?.stop()
    this.#heartbeats.delete(worker)
    await this.#connection.attempt((redis) => redis.del(redisKeys.worker(worker)))
  }

  /**
   * Redis shows sooner than the store that a worker is dead. It is not reliable until this worker has been connected for a lease (other
   * workers may have been disconnected as well), nor within a lease after Redis was wiped or started. Then the leases in the store decide.
   */
  async lapsed(holders: readonly Holder[]): Promise<string[]> {
    const workers = [...new Set(holders.map(({ worker }) => worker))]
    const { leaseMilliseconds } = this.#options
    if (this.#connection.connectedMilliseconds() < leaseMilliseconds) return expired(holders)
    const keys = [redisKeys.since, ...workers.map(redisKeys.worker)]
    const numbers = await this.#connection.attempt((redis) => redis.headgateLapsed(keys.length, ...keys, leaseMilliseconds))
    if (!Array.isArray(numbers)) return expired(holders)
    const lapsed = numbers.map((number) => workers[number - 1] as string)
    return [...new Set([...lapsed, ...this.#silentInStore(holders)])]
  }

  /** The workers whose lease in the store has been expired for so long that a heartbeat in Redis is not believed. */
  #silentInStore(holders: readonly Holder[]): string[] {
    const now = performance.now()
    const silent = new Set(expired(holders))
    for (const worker of this.#silentSince.keys()) if (!silent.has(worker)) this.#silentSince.delete(worker)
    for (const worker of silent) if (!this.#silentSince.has(worker)) this.#silentSince.set(worker, now)
    return [...this.#silentSince].filter(([, since]) => now - since >= this.#options.storeSilenceMilliseconds).map(([worker]) => worker)
  }

  planned(run: string, slices: number): void {
    this.#progress.planned(run, slices)
  }

  saveProgress(run: string, progress: SliceProgress): void {
    this.#progress.save(run, progress)
  }

  setCancelToken(token: string): void {
    this.#cancelToken = token
  }

  async cancelRequested(run: string): Promise<boolean> {
    const token = this.#cancelToken
    if (token === undefined) return false
    return (await this.#connection.attempt((redis) => redis.headgateIs(redisKeys.cancel(run), token))) === 1
  }

  rateBudget(options: RateBudgetOptions): RateBudget {
    return new RateBudget(options, this.#connection)
  }

  /** Waits, for a bounded time, until the last progress is written. */
  async close(): Promise<void> {
    await Promise.all([...this.#heartbeats.keys()].map((worker) => this.end(worker)))
    await this.#progress.settled()
    this.#connection.close()
  }
}
