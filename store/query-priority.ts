// QueryPriority: lets the short queries of a commit finish before the worker turns to the next block of input. A process does one thing at
// a time: without this, each of a commit's ten round trips would wait for a block, and PostgreSQL with it.
import { setImmediate as nextTurn } from 'node:timers/promises'

/** A query that takes longer leaves time for a block of input. */
const shortMilliseconds = 2

export class QueryPriority {
  #running = 0
  #since = 0

  /** Runs a query that `wait` waits for. */
  async during<Result>(query: () => Promise<Result>): Promise<Result> {
    this.#running++
    this.#since = performance.now()
    try {
      return await query()
    } finally {
      this.#running--
    }
  }

  /** Resolves when no query runs, or the latest one has run for longer than a short one. */
  async wait(): Promise<void> {
    do await nextTurn()
    while (this.#running > 0 && performance.now() - this.#since < shortMilliseconds)
  }
}
