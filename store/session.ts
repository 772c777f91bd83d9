// StoreSession: a worker's connection to the store. Connects on first use, reconnects after a lost connection, and serializes its callers.
import type pg from 'pg'
import { HeadgateError, type Transaction } from '../sdk/index.ts'
import { classifyError, openConnection, transactionOver } from './connection.ts'
import { QueryPriority } from './query-priority.ts'

export class StoreSession {
  readonly #url: string
  readonly #applicationName: string
  /** The connection, or the pending attempt; concurrent callers share the attempt. */
  #connecting: Promise<pg.Client> | undefined
  #closed = false
  readonly #priority: QueryPriority
  /** Resolves when the caller that currently uses the connection is done. */
  #turn: Promise<unknown> = Promise.resolve()

  /** Every query of a transaction runs under `priority`. */
  constructor(url: string, applicationName: string, priority = new QueryPriority()) {
    this.#url = url
    this.#applicationName = applicationName
    this.#priority = priority
  }

  /** Runs one statement outside a transaction. Throws a HeadgateError; `retryable` says whether the error is transient. */
  async query(text: string, values?: readonly unknown[]): ReturnType<Transaction['query']> {
    return this.#inTurn((client) => client.query(text, values === undefined ? undefined : [...values]))
  }

  /**
   * Runs `work` in its own transaction. If a retryable error is thrown after `work` has finished, the commit may have
   * succeeded: check before retrying.
   */
  async transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#within(work, 'COMMIT')
  }

  /** Dry run: runs `work` in a transaction and rolls it back. */
  async dryRun<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#within(work, 'ROLLBACK')
  }

  #within<Result>(work: (transaction: Transaction) => Promise<Result>, end: 'COMMIT' | 'ROLLBACK'): Promise<Result> {
    return this.#inTurn(async (client) => {
      const transaction = transactionOver(client)
      const query: Transaction['query'] = (text, values) => this.#priority.during(() => transaction.query(text, values))
      await query('BEGIN')
      const result = await work({ ...transaction, query })
      await query(end)
      return result
    })
  }

  /** Closes the session for good: later queries are refused, so that no forgotten connection keeps the process alive. */
  async close(): Promise<void> {
    this.#closed = true
    const client = await this.#connecting?.catch(() => undefined)
    this.#connecting = undefined
    await client?.end().catch(() => {})
  }

  /** Serializes callers, because statements of different transactions must not interleave on one connection. */
  #inTurn<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    const mine = this.#turn.then(async () => {
      const client = await this.#connection()
      try {
        return await work(client)
      } catch (error) {
        throw await this.#failed(error, client)
      }
    })
    this.#turn = mine.catch(() => {})
    return mine
  }

  async #connection(): Promise<pg.Client> {
    if (this.#closed) throw new HeadgateError('Internal', 'the store session is closed')
    this.#connecting ??= openConnection(this.#url, { applicationName: this.#applicationName })
    const connecting = this.#connecting
    try {
      return await connecting
    } catch (error) {
      this.#drop(connecting)
      throw error
    }
  }

  #drop(connecting: Promise<pg.Client> | undefined): void {
    if (this.#connecting === connecting) this.#connecting = undefined
  }

  /** Rolls back so that the connection can be used again, or drops the connection if that fails. */
  async #failed(error: unknown, client: pg.Client): Promise<Error> {
    try {
      await client.query('ROLLBACK')
    } catch {
      const current = this.#connecting
      if ((await current?.catch(() => undefined)) === client) this.#drop(current)
      client.end().catch(() => {})
    }
    return classifyError(error)
  }
}
