// ProgressWriter: writes live progress to Redis. Batches never wait for it: while one write is in progress, later values are collected for the
// next write. Used by RedisCoordination.
import { progressTotalField, progressTtlMilliseconds, redisKeys, type SliceProgress } from '../../crds/wire/redis-keys.ts'
import type { RedisConnection } from './redis-connection.ts'

/** A longer position is left out, because positions in Redis are only displayed. */
const maxPositionLength = 1000

export class ProgressWriter {
  readonly #connection: RedisConnection
  /** Run → fields to be written. */
  readonly #pending = new Map<string, Map<string, string>>()
  readonly #totals = new Map<string, string>()
  #writing: Promise<void> | undefined

  constructor(connection: RedisConnection) {
    this.#connection = connection
  }

  planned(run: string, slices: number): void {
    this.#totals.set(run, JSON.stringify({ slices }))
    this.#put(run)
  }

  save(run: string, progress: SliceProgress): void {
    const { position, ...rest } = progress
    const short = position !== undefined && JSON.stringify(position).length <= maxPositionLength
    this.#put(run, [String(progress.slice), JSON.stringify(short ? progress : rest)])
  }

  /** Resolves when no write is in progress, in bounded time even if Redis is not available. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  #put(run: string, field?: [string, string]): void {
    const fields = this.#pending.get(run) ?? new Map<string, string>()
    this.#pending.set(run, fields)
    if (field !== undefined) fields.set(...field)
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined))
  }

  async #writeAll(): Promise<void> {
    // A failed write is not repeated, because the slice's next batch writes newer values.
    for (let next = this.#pending.entries().next().value; next !== undefined; next = this.#pending.entries().next().value) {
      const [run, fields] = next
      this.#pending.delete(run)
      await this.#write(run, fields)
    }
  }

  /** Includes the total in every write, so that it is restored after Redis was wiped. */
  async #write(run: string, fields: Map<string, string>): Promise<void> {
    const total = this.#totals.get(run)
    if (total !== undefined) fields.set(progressTotalField, total)
    if (fields.size === 0) return
    const key = redisKeys.progress(run)
    await this.#connection.attempt((redis) => redis.pipeline().hset(key, Object.fromEntries(fields)).pexpire(key, progressTtlMilliseconds).exec())
  }
}
