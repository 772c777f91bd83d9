// StoreSession: a worker's connection to the store; it is made when needed and made anew after it was lost. Callers take turns.
import type pg from 'pg'
import { HeadgateError, type Transaction } from '../sdk/index.ts'
import { classifyError, openConnection, transactionOver } from './connection.ts'
import { QueryPriority } from './query-priority.ts'

export class StoreSession {
  readonly #url: string
  readonly #applicationName: string
  /** The connection, or the one that is being made: whoever asks meanwhile gets the same. */
  #connecting: Promise<pg.Client> | undefined
  #closed = false
  readonly #priority: QueryPriority
  /** Ends when whoever has the connection now is done with it. */
  #turn: Promise<unknown> = Promise.resolve()

  /** `priority` learns of every query of a transaction. */
  constructor(url: string, applicationName: string, priority = new QueryPriority()) {
    this.#url = url
    this.#applicationName = applicationName
    this.#priority = priority
  }

  /** One statement on its own. Errors are HeadgateErrors; whether they pass is in `retryable`. */
  async query(text: string, values?: readonly unknown[]): ReturnType<Transaction['query']> {
    return this.#inTurn((client) => client.query(text, values === undefined ? undefined : [...values]))
  }

  /**
   * Runs `work` in a transaction of its own. When this throws a retryable error after `work` was done, the commit may
   * have happened all the same: whoever tries again must look first.
   */
  async transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#within(work, 'COMMIT')
  }

  /** Runs `work` in a transaction that is rolled back: for finding out what would happen. */
  async trial<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
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

  /** Final: whoever asks later is refused, so that no forgotten connection keeps the process alive. */
  async close(): Promise<void> {
    this.#closed = true
    const client = await this.#connecting?.catch(() => undefined)
    this.#connecting = undefined
    await client?.end().catch(() => {})
  }

  /** A connection does one thing at a time. */
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
    if (this.#closed) throw new HeadgateError('Internal', 'a closed store session was asked for more')
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

  /** Leaves the connection ready for another try, or drops it. */
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
