// PostgresLoader: writes a pipeline's accepted records into a PostgreSQL table. Used by the engine; see docs/loading.md.
import { defaults } from '../../../crds/defaults.ts'
import type { PostgresDestination } from '../../../crds/pipeline.ts'
import { HeadgateError, type LoadBatch, type LoadCounts, Loader, type RunContext, type Transaction } from '../../../sdk/index.ts'
import type { EncodedRows } from '../../records/encoded-rows.ts'
import { beginSearch, type CarefulCounts, checkMost, loadByParts } from './careful.ts'
import { encodedRows, type Rows, recordRows, someEncodedRows } from './copy.ts'
import { checkTaken, copyAll } from './dropped.ts'
import { list, parseTable, quote, relation } from './names.ts'
import { batchTarget, columnNames, type LoadPlan } from './plan.ts'
import { type PrepareOptions, preparePlan } from './prepare.ts'
import { type PublishCounts, type PublishOptions, publishRun } from './publish.ts'
import { refuseReservedName } from './reserved.ts'
import { SourceRecords } from './source-records.ts'
import { fillStage, Guess, loadStage } from './stage.ts'
import { endStagedParts, stagedParts } from './staged-parts.ts'
import { dropStagedRows, findStagedRefusals, type StagedRefusal, type Stretch } from './staged-refusals.ts'
import { dropStaging } from './staging.ts'

export { keyColumns, type LoadPlan } from './plan.ts'
export type { PublishCounts, PublishOptions } from './publish.ts'
export type { StagedRefusal, Stretch } from './staged-refusals.ts'

export type LoadOptions = {
  /** What `prepare` answered. */
  plan: LoadPlan
  /** Whether the batch's rows must be readable afterwards, in the same transaction, in the temporary table `plan.stage`. */
  keepKeys?: boolean
  /**
   * Offers rows of a committed batch again: only those are written whose present row is an earlier one of this same
   * run. All counts are 0 then, except `overwrote`, which tells how many were written.
   */
  exhaustive?: boolean
  /** Whether an older run of the table may still write: rows that are there unchanged are then written too, and count as loaded. */
  rewriteUnchanged?: boolean
}

/** `straight`: the rows went into the destination without passing through the stage, so they are not in `plan.stage`. */
export type LoadedRows = LoadCounts & { straight?: boolean }

/** A small batch may have more than its share: one bad record of three is no reason to load nothing. */
const refusedAnyway = 100

function mostRefused(rows: number, { maxRefusedRatio }: PostgresDestination): number {
  const ratio = Number(maxRefusedRatio ?? defaults.maxRefusedRatio)
  return ratio === 0 ? 0 : Math.max(refusedAnyway, Math.floor(rows * ratio))
}

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

  /**
   * Loads what the destination takes of rows that it refused as a whole; rows that were made of one record are taken or refused together,
   * and `refused` has the first of them. Throws DestinationRefused if it takes too few of
   * them: see `maxRefusedRatio`.
   */
  async loadCarefully(rows: EncodedRows, tx: Transaction, run: RunContext, options: LoadOptions & { input: number }): Promise<CarefulCounts> {
    const { plan, input, keepKeys = false, exhaustive = false, rewriteUnchanged = false } = options
    const how = { exhaustive, rewriteUnchanged }
    const records = new SourceRecords(rows)
    const guess = new Guess(false)
    const staged = plan.route === 'stage' ? await stagedParts(rows, records, tx, run, plan, { input, ...how }) : undefined
    const load = staged ?? ((part: Uint32Array) => this.#load(someEncodedRows(rows, plan, records.rowsOf(part)), tx, run, { plan, ...how }, guess))
    const search = await beginSearch(tx, batchTarget(plan), mostRefused(rows.size, this.config.destination))
    const found = await loadByParts(search, records.all, load)
    checkMost(search.most, found.refused)
    if (staged !== undefined) await endStagedParts(tx, plan)
    if (keepKeys) {
      const refused = new Set(found.refused.map(({ index }) => index))
      await fillStage(someEncodedRows(rows, plan, records.rowsOf(records.all.filter((record) => !refused.has(record)))), tx, plan)
    }
    return { ...found, refused: found.refused.map(({ index, refusal }) => ({ index: records.firstRow(index), refusal })) }
  }

  /** Loads records that have no encoding. */
  override async load(batch: LoadBatch, tx: Transaction, run: RunContext, options?: LoadOptions): Promise<LoadCounts> {
    if (options === undefined) throw new HeadgateError('Internal', 'PostgresLoader.load was called without the run’s plan')
    return this.#load(recordRows(batch, options.plan.columns, run.id), tx, run, options)
  }

  /** Makes staged rows visible; nothing to do for rows that batches made visible. Answers with corrections that add up to 0. */
  async publishPlanned(run: RunContext, tx: Transaction, options: PublishOptions): Promise<PublishCounts> {
    return publishRun(run, tx, options)
  }

  /**
   * Finds the staged rows that the destination refuses, after publishing was refused. `stretches` are the run's batches in source order,
   * `rows` is how many they staged. Roll the transaction back: it tries what publishing would do. Throws DestinationRefused if they are more
   * than `maxRefusedRatio` allows.
   */
  async findRefused(run: RunContext, tx: Transaction, options: { plan: LoadPlan; stretches: readonly Stretch[]; rows: number }): Promise<StagedRefusal[]> {
    const { plan, stretches, rows } = options
    return findStagedRefusals(run, tx, { plan, stretches, most: mostRefused(rows, this.config.destination) })
  }

  /** Removes the rows of staged records that `findRefused` found. Returns how many rows that were. */
  async dropRefused(tx: Transaction, plan: LoadPlan, refused: readonly StagedRefusal[]): Promise<number> {
    return dropStagedRows(tx, plan, refused)
  }

  /** Drops the run's staging table, if it has one. */
  override async discard(run: RunContext, tx: Transaction): Promise<void> {
    await dropStaging(tx, run.id)
  }

  async #load(rows: Rows, tx: Transaction, run: RunContext, options: LoadOptions, guess = this.#guess(run, options.plan)): Promise<LoadedRows> {
    const { plan, keepKeys = false, exhaustive = false, rewriteUnchanged = false } = options
    if (rows.size === 0) return { loaded: 0, unchanged: 0, superseded: 0 }
    if (plan.route === 'stage') return loadStage(rows, tx, run, plan, guess, { keepKeys, exhaustive, rewriteUnchanged })
    if (exhaustive) return { loaded: 0, unchanged: 0, superseded: 0 }
    const target = batchTarget(plan)
    if (keepKeys || (plan.insertOnly && plan.staging === null)) {
      await fillStage(rows, tx, plan)
      const columns = list(columnNames(plan))
      const { rowCount } = await tx.query(`INSERT INTO ${relation(target)} (${columns}) SELECT ${columns} FROM ${quote(plan.stage)}`)
      await checkTaken(tx, target, { event: 'INSERT', sent: rows.size, taken: rowCount ?? 0 })
    } else await copyAll(rows, tx, target)
    return { loaded: rows.size, unchanged: 0, superseded: 0 }
  }

  #guess(run: RunContext, plan: LoadPlan): Guess {
    const guess = this.#guesses.get(run.id) ?? new Guess(plan.empty)
    this.#guesses.set(run.id, guess)
    return guess
  }
}
