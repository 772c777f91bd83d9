// QueryPriority: lets the short queries of a commit finish before the worker parses the next block of input. JavaScript runs on one thread:
// without this, each of a commit's ten round trips would wait until a block is parsed, and PostgreSQL would idle meanwhile. Used by
// StoreSession and the engine.
import { setImmediate as nextTurn } from 'node:timers/promises'

/** A query that takes longer than this leaves time to parse a block of input. */
const shortMilliseconds = 2

export class QueryPriority {
  #running = 0
  #since = 0

  /** Runs a query; `wait` waits for it while it is short. */
  async during<Result>(query: () => Promise<Result>): Promise<Result> {
    this.#running++
    this.#since = performance.now()
    try {
      return await query()
    } finally {
      this.#running--
    }
  }

  /** Resolves when no query runs, or when the latest one has run for more than `shortMilliseconds`. */
  async wait(): Promise<void> {
    do await nextTurn()
    while (this.#running > 0 && performance.now() - this.#since < shortMilliseconds)
  }
}
