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

/** Outcome of a batch's records: `loaded + unchanged + superseded` is the number of records passed in. */
export type LoadCounts = {
  loaded: number
  /** Equal to the existing row in every column. */
  unchanged: number
  /** Replaced by a later record with the same key, in this batch or already in the destination. */
  superseded: number
  /** Number of replaced rows that this same run loaded before. The engine moves them from loaded to superseded. */
  overwrote?: number
}

/** Corrections to the counts of the run's batches; they add up to 0. */
export type PublishCounts = LoadCounts & {
  /** Rows of the destination that were removed because the source no longer has them. Default: 0. */
  removed?: number
}

/** Facts about the input that are known when the run is planned. */
export type Delivery = {
  /** Declared fields that the input lacks and whose columns keep their values (`whenMissing: keep`): records have none of them. */
  keptFields: readonly string[]
}

/** What a loader needs for `publish`: the order of runs, and the pipeline's limits. */
export type Publication = {
  /**
   * Keys of the records that this run rejected, in PostgreSQL's text notation by field; undefined or null for one whose key cannot be
   * read. Their rows are not missing from the source.
   */
  rejectedKeys(): AsyncIterable<Record<string, string> | null | undefined>
  /** Whether an older run of the destination may still write. Unchanged rows must then be written, too. */
  olderRunOpen: boolean
  /** Name of a newer run that has already published, if there is one. Its rows must stay. */
  newerRun: string | undefined
  /** Largest share of the destination's rows that may be removed, 0 to 1. */
  maxRemovedRatio: number
}

/** A relation in the transaction's database. Without a schema it is a temporary table. */
export type Relation = { schema?: string; name: string }

/** Where the keys of accepted records can be read: quarantined records with the same key are closed by them. */
export type AcceptedKeys = {
  /** Columns of the key, with their types as SQL. Empty: the records have no key. */
  columns: readonly { name: string; type: string }[]
  /** All rows of the run that wait to be published, with the key's columns and `_pos`. */
  run?: Relation
}

/**
 * Writes records.
 *
 * `prepare` is called once per run and returns the loader's plan. The engine stores the plan as JSON and hands it to every later call,
 * on every worker and after every resumption: `Plan` must be a type of plain JSON values, or void. A loader keeps no other state between
 * calls.
 */
export abstract class Loader<Config = unknown, Plan = void> {
  readonly config: Config

  constructor(config: Config) {
    this.config = config
  }

  /** Creates or checks the destination before the first batch. Must be safe to repeat, because its transaction may be retried. */
  async prepare(_run: RunContext, _transaction: Transaction, _delivery: Delivery): Promise<Plan> {
    return undefined as Plan
  }

  /** Writes a batch. Called once or more for a batch, always within a transaction that commits at most once. */
  abstract load(batch: LoadBatch, transaction: Transaction, run: RunContext, plan: Plan): Promise<LoadCounts>

  /**
   * Makes the run's rows visible, if `load` only staged them. Called once, in the run's last transaction. Returns
   * corrections to the counts of `load`: a staged row that turned out unchanged is `{ loaded: -1, unchanged: 1, superseded: 0 }`.
   */
  async publish(_run: RunContext, _transaction: Transaction, _plan: Plan, _publication: Publication): Promise<PublishCounts> {
    return { loaded: 0, unchanged: 0, superseded: 0 }
  }

  /** Removes the staged rows of a run that failed or was cancelled. Must be safe to repeat. */
  async discard(_run: RunContext, _transaction: Transaction, _plan: Plan): Promise<void> {}

  /**
   * Where the keys of accepted records can be read, for a loader that makes rows visible only in `publish`: quarantined records are then
   * closed when the run is published. Undefined: `load` makes rows visible, and the engine closes quarantined records with each batch, by
   * the records that it handed in.
   */
  acceptedKeys(_plan: Plan): AcceptedKeys | undefined {
    return undefined
  }
}

brandClass(Loader, 'Loader')
