// Loader: writes accepted records inside the batch's own transaction, so that data and ledger commit together.
import type { Writable } from 'node:stream'
import { brandClass } from './brand.ts'
import type { RunContext } from './run.ts'
import type { TypedRecord } from './transformer.ts'

/** The open transaction of a batch. It is committed by the framework, never by a loader. */
export interface Transaction {
  query(text: string, values?: readonly unknown[]): Promise<{ rows: Record<string, unknown>[]; rowCount: number | null }>
  /** Starts `COPY … FROM STDIN`; end the stream and await its finish before the next query. */
  copyFrom(statement: string): Writable
}

/** Accepted records on their way to the destination. */
export interface LoadBatch {
  readonly size: number
  record(index: number): TypedRecord
  /** `_pos` of the record: input ordinal × 2^44 + order within the input. Later in the source is larger. */
  recordOrder(index: number): bigint
}

/** What became of a batch's records: `loaded + unchanged + superseded` is the number of records handed in. */
export type LoadCounts = {
  loaded: number
  /** Was already there, the same in every column. */
  unchanged: number
  /** Lost to a later record with the same key, in this batch or already in the destination. */
  superseded: number
  /** How many rows that this same run had loaded before were replaced; the finish step moves them from loaded to superseded. */
  overwrote?: number
  /** 8-byte hashes, one after another, of the keys judged unchanged and of those of earlier runs' rows that were replaced. */
  unchangedKeys?: Buffer | null
  overwrittenKeys?: Buffer | null
}

/** Writes records. `load` runs once or more for a batch, always within a transaction that commits at most once. */
export abstract class Loader<Config = unknown> {
  readonly config: Config

  constructor(config: Config) {
    this.config = config
  }

  /** Called once per run before the first batch: create or check the destination. Must be safe to repeat. */
  async prepare(_run: RunContext, _transaction: Transaction): Promise<unknown> {
    return undefined
  }

  abstract load(batch: LoadBatch, transaction: Transaction, run: RunContext): Promise<LoadCounts>

  /**
   * Makes the run's rows visible, if `load` only staged them. Called once, in the run's last transaction. Answers with
   * corrections to the counts that `load` gave (they add up to 0): a staged row that turned out unchanged is
   * `{ loaded: -1, unchanged: 1, superseded: 0 }`.
   */
  async publish(_run: RunContext, _transaction: Transaction): Promise<LoadCounts> {
    return { loaded: 0, unchanged: 0, superseded: 0 }
  }

  /** Removes what a run that failed or was cancelled left staged. Must be safe to repeat. */
  async discard(_run: RunContext, _transaction: Transaction): Promise<void> {}
}

brandClass(Loader, 'Loader')
