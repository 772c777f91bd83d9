// ProgressWriter: live progress for whoever watches. A batch never waits for it: one write is under way, the next has what came since.
import { progressTotalField, progressTtlMilliseconds, redisKeys, type SliceProgress } from '../../crds/wire/redis-keys.ts'
import type { RedisConnection } from './redis-connection.ts'

/** A larger position is left out: it is only looked at. */
const maxPositionLength = 1000

export class ProgressWriter {
  readonly #connection: RedisConnection
  /** Run → fields to be written. */
  readonly #waiting = new Map<string, Map<string, string>>()
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

  /** Resolves when nothing is being written any more; soon, whatever Redis does. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  #put(run: string, field?: [string, string]): void {
    const fields = this.#waiting.get(run) ?? new Map<string, string>()
    this.#waiting.set(run, fields)
    if (field !== undefined) fields.set(...field)
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined))
  }

  async #writeAll(): Promise<void> {
    // What a Redis that is away missed is written again with the next batch of the slice, or is no longer true.
    for (let next = this.#waiting.entries().next().value; next !== undefined; next = this.#waiting.entries().next().value) {
      const [run, fields] = next
      this.#waiting.delete(run)
      await this.#write(run, fields)
    }
  }

  /** The total goes along each time, so that it is there again after Redis was wiped. */
  async #write(run: string, fields: Map<string, string>): Promise<void> {
    const total = this.#totals.get(run)
    if (total !== undefined) fields.set(progressTotalField, total)
    if (fields.size === 0) return
    const key = redisKeys.progress(run)
    await this.#connection.ask((redis) => redis.pipeline().hset(key, Object.fromEntries(fields)).pexpire(key, progressTtlMilliseconds).exec())
  }
}
