// PostgresLoader: writes a pipeline's accepted records into a PostgreSQL table. Used by the engine; see docs/loading.md.
import { HeadgateError, type LoadBatch, type LoadCounts, Loader, type RunContext, type Transaction } from '../../../sdk/index.ts'
import type { EncodedRows } from '../../records/encoded-rows.ts'
import { encodedRows, type Rows, recordRows } from './copy.ts'
import { list, parseTable, quote, relation } from './names.ts'
import { batchTarget, columnNames, type LoadPlan } from './plan.ts'
import { type PrepareOptions, preparePlan } from './prepare.ts'
import { type PublishCounts, type PublishOptions, publishRun } from './publish.ts'
import { refuseReservedName } from './reserved.ts'
import { fillStage, Guess, loadStage } from './stage.ts'
import { dropStaging } from './staging.ts'

export { keyColumns, type LoadPlan } from './plan.ts'
export type { PublishCounts, PublishOptions } from './publish.ts'

export type LoadOptions = {
  /** What `prepare` answered. */
  plan: LoadPlan
  /** Whether the batch's rows must be readable afterwards, in the same transaction, at `stageRelation`. */
  keepKeys?: boolean
  /**
   * Offers rows of a committed batch again: only those are written whose present row is an earlier one of this same
   * run. All counts are 0 then, except `overwrote`, which tells how many were written.
   */
  exhaustive?: boolean
  /** Whether an older run of the table may still write: rows that are there unchanged are then written too, and count as loaded. */
  rewriteUnchanged?: boolean
}

/** `straight`: the rows went into the destination without passing through the stage, so there is nothing at `stageRelation`. */
export type LoadedRows = LoadCounts & { straight?: boolean }

export class PostgresLoader extends Loader<PrepareOptions> {
  readonly #guesses = new Map<number, Guess>()

  /** Throws DestinationDenied, also for a run that an older version planned. */
  constructor(options: PrepareOptions) {
    super(options)
    refuseReservedName(parseTable(options.destination.table))
  }

  /**
   * Creates or checks the destination, and returns the run's LoadPlan: plain JSON, to be given to all later calls. Columns of the
   * fields `kept` are not written: existing rows keep their values, new ones get the column's default.
   */
  override async prepare(run: RunContext, tx: Transaction, kept: readonly string[] = []): Promise<LoadPlan> {
    const plan = await preparePlan(this.config, run, tx)
    return { ...plan, columns: plan.columns.filter(({ name }) => !kept.includes(name)) }
  }

  /** Loads rows encoded for the plan's columns, `_run` and `_pos` included. */
  async loadEncoded(rows: EncodedRows, tx: Transaction, run: RunContext, options: LoadOptions & { input?: number }): Promise<LoadedRows> {
    const { plan } = options
    const sorted = plan.route === 'stage' || (plan.route === 'direct' && rows.sortable)
    return this.#load(encodedRows(rows, plan, sorted), tx, run, options)
  }

  /** Loads records that have no encoding. */
  override async load(batch: LoadBatch, tx: Transaction, run: RunContext, options?: LoadOptions): Promise<LoadCounts> {
    if (options === undefined) throw new HeadgateError('Internal', 'PostgresLoader.load was called without the run’s plan')
    return this.#load(recordRows(batch, options.plan.columns, run.id), tx, run, options)
  }

  /** Where a batch loaded with `keepKeys`, or not `straight`, can be read within its transaction: a temporary table's name and the key's columns, unquoted. */
  stageRelation(plan: LoadPlan): { relation: string; columns: string[] } {
    return { relation: plan.stage, columns: plan.key }
  }

  /** Makes staged rows visible; nothing to do for rows that batches made visible. Answers with corrections that add up to 0. */
  async publishPlanned(run: RunContext, tx: Transaction, options: PublishOptions): Promise<PublishCounts> {
    return publishRun(run, tx, options)
  }

  /** Drops the run's staging table, if it has one. */
  override async discard(run: RunContext, tx: Transaction): Promise<void> {
    await dropStaging(tx, run.id)
  }

  async #load(rows: Rows, tx: Transaction, run: RunContext, options: LoadOptions): Promise<LoadedRows> {
    const { plan, keepKeys = false, exhaustive = false, rewriteUnchanged = false } = options
    if (rows.size === 0) return { loaded: 0, unchanged: 0, superseded: 0 }
    if (plan.route === 'stage') return loadStage(rows, tx, run, plan, this.#guess(run, plan), { keepKeys, exhaustive, rewriteUnchanged })
    if (exhaustive) return { loaded: 0, unchanged: 0, superseded: 0 }
    if (keepKeys) {
      await fillStage(rows, tx, plan)
      const columns = list(columnNames(plan))
      await tx.query(`INSERT INTO ${relation(batchTarget(plan))} (${columns}) SELECT ${columns} FROM ${quote(plan.stage)}`)
    } else await rows.copyTo(tx, relation(batchTarget(plan)))
    return { loaded: rows.size, unchanged: 0, superseded: 0 }
  }

  #guess(run: RunContext, plan: LoadPlan): Guess {
    const guess = this.#guesses.get(run.id) ?? new Guess(plan.empty)
    this.#guesses.set(run.id, guess)
    return guess
  }
}
