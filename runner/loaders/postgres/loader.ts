// PostgresLoader: writes a pipeline's accepted records into a PostgreSQL table. Used by the engine; see docs/loading.md.
import { defaults } from '../../../crds/defaults.ts'
import type { PostgresDestination } from '../../../crds/pipeline.ts'
import { type Delivery, type LoadBatch, Loader, type Publication, type PublishCounts, type RunContext, type Transaction } from '../../../sdk/index.ts'
import { recordError } from '../../../store/refusal.ts'
import type { DestinationColumn, EncodedRows } from '../../copy/encoded-rows.ts'
import type { BatchRange, DestinationKeys, EncodedLoading, EncodedOptions, LoadedRows, RefusedRow, StagedLoading, StagedRefusal } from '../capabilities.ts'
import { beginSearch, checkMost, loadByParts } from './batch/careful.ts'
import { SourceRecords } from './batch/source-records.ts'
import { fillStage, Guess, loadStage, type StageOptions } from './batch/stage.ts'
import { endStagedParts, stagedParts } from './batch/staged-parts.ts'
import { list, parseTable, quote, relation } from './names.ts'
import { batchTarget, columnNames, keyColumns, type LoadPlan } from './plan.ts'
import { type PrepareOptions, preparePlan } from './prepare/prepare.ts'
import { refuseReservedName } from './prepare/reserved.ts'
import { publishRun } from './publish/publish.ts'
import { dropStagedRows, findStagedRefusals } from './publish/staged-refusals.ts'
import { encodedRows, type Rows, recordRows, someEncodedRows } from './rows/copy.ts'
import { checkTaken, copyAll } from './rows/dropped.ts'
import { dropAbandoned, dropStaging } from './staging.ts'

/** Refused records that are always allowed, so that one bad record of three does not fail a small batch. */
const refusedAnyway = 100

function mostRefused(rows: number, { maxRefusedRatio }: PostgresDestination): number {
  const ratio = Number(maxRefusedRatio ?? defaults.maxRefusedRatio)
  return ratio === 0 ? 0 : Math.max(refusedAnyway, Math.floor(rows * ratio))
}

const usual: StageOptions = { keepKeys: false, exhaustive: false, rewriteUnchanged: false }

export class PostgresLoader extends Loader<PrepareOptions, LoadPlan> implements EncodedLoading<LoadPlan>, StagedLoading<LoadPlan> {
  readonly #guesses = new Map<number, Guess>()

  /** Throws DestinationDenied, also for a run that was planned by an older version. */
  constructor(options: PrepareOptions) {
    super(options)
    refuseReservedName(parseTable(options.destination.table))
  }

  /** Creates or checks the destination. Columns of kept fields are not written: existing rows keep their values, new ones get the default. */
  override async prepare(run: RunContext, tx: Transaction, { keptFields }: Delivery): Promise<LoadPlan> {
    const plan = await preparePlan(this.config, run, tx)
    return { ...plan, columns: plan.columns.filter(({ name }) => !keptFields.includes(name)) }
  }

  columns({ columns }: LoadPlan): readonly DestinationColumn[] {
    return columns
  }

  override acceptedKeys(plan: LoadPlan): DestinationKeys {
    const columns = keyColumns(plan)
    if (plan.staging !== null) return { columns, run: plan.staging }
    const mayLeaveNoTrace = plan.version !== null
    return { columns, destination: plan.destination, mayLeaveNoTrace, ...(plan.route === 'stage' && { batch: { name: plan.stage } }) }
  }

  /** Loads rows encoded for the plan's columns, `_run` and `_pos` included. */
  async loadEncoded(rows: EncodedRows, tx: Transaction, run: RunContext, { plan, ...options }: EncodedOptions<LoadPlan>): Promise<LoadedRows> {
    const sorted = plan.route === 'stage' || (plan.route === 'direct' && rows.sortable)
    return this.#load(encodedRows(rows, plan, sorted), tx, run, plan, { ...usual, ...options })
  }

  async loadCarefully(
    rows: EncodedRows,
    tx: Transaction,
    run: RunContext,
    options: EncodedOptions<LoadPlan>,
  ): Promise<{ counts: LoadedRows; refused: RefusedRow[] }> {
    return this.#loadByParts(rows, tx, run, options, false)
  }

  async reapply(rows: EncodedRows, tx: Transaction, run: RunContext, options: Pick<EncodedOptions<LoadPlan>, 'plan'>): Promise<void> {
    // By parts: the batch may hold records that the destination refused before.
    await this.#loadByParts(rows, tx, run, { ...options, keepKeys: false, rewriteUnchanged: false }, true)
  }

  /** Loads records that are not encoded. */
  override async load(batch: LoadBatch, tx: Transaction, run: RunContext, plan: LoadPlan, options: Partial<StageOptions> = {}): Promise<LoadedRows> {
    return this.#load(recordRows(batch, plan.columns, run.id), tx, run, plan, { ...usual, ...options })
  }

  publishing(plan: LoadPlan): { lock: 'exclusive' | 'shared'; whole: boolean } {
    const whole = plan.mode === 'Replace' || plan.mode === 'Snapshot'
    return { whole, lock: whole || plan.route === 'build' ? 'exclusive' : 'shared' }
  }

  /** Makes staged rows visible. Does nothing if the batches made their rows visible. */
  override async publish(run: RunContext, tx: Transaction, plan: LoadPlan, publication: Publication): Promise<PublishCounts> {
    return publishRun(run, tx, { ...publication, plan })
  }

  async findRefused(
    run: RunContext,
    tx: Transaction,
    { plan, stretches, rows }: { plan: LoadPlan; stretches: readonly BatchRange[]; rows: number },
  ): Promise<StagedRefusal[]> {
    const refused = await findStagedRefusals(run, tx, { plan, stretches, most: mostRefused(rows, this.config.destination) })
    return refused.map(({ order, refusal }) => ({ order, error: recordError(refusal) }))
  }

  async dropRefused(tx: Transaction, plan: LoadPlan, refused: readonly StagedRefusal[]): Promise<number> {
    return dropStagedRows(
      tx,
      plan,
      refused.map(({ order }) => order),
    )
  }

  async discardAbandoned(tx: Transaction, isUnfinished: (run: number) => Promise<boolean>): Promise<void> {
    await dropAbandoned(tx, isUnfinished)
  }

  /** Drops the run's staging table, if it has one. */
  override async discard(run: RunContext, tx: Transaction): Promise<void> {
    await dropStaging(tx, run.id)
  }

  async #loadByParts(
    rows: EncodedRows,
    tx: Transaction,
    run: RunContext,
    { plan, keepKeys, rewriteUnchanged }: EncodedOptions<LoadPlan>,
    exhaustive: boolean,
  ): Promise<{ counts: LoadedRows; refused: RefusedRow[] }> {
    const how = { exhaustive, rewriteUnchanged }
    const records = new SourceRecords(rows)
    const guess = new Guess(false)
    const staged = plan.route === 'stage' ? await stagedParts(rows, records, tx, run, plan, how) : undefined
    const loadSome = (part: Uint32Array) => this.#load(someEncodedRows(rows, plan, records.rowsOf(part)), tx, run, plan, { ...usual, ...how }, guess)
    const search = await beginSearch(tx, batchTarget(plan), mostRefused(rows.size, this.config.destination))
    const { counts, refused } = await loadByParts(search, records.all, staged ?? loadSome)
    checkMost(search.most, refused)
    if (staged !== undefined) await endStagedParts(tx, plan)
    if (keepKeys) {
      const indexes = new Set(refused.map(({ index }) => index))
      const accepted = records.rowsOf(records.all.filter((record) => !indexes.has(record)))
      await fillStage(someEncodedRows(rows, plan, accepted), tx, plan)
    }
    return { counts, refused: refused.map(({ index, refusal }) => ({ index: records.firstRow(index), error: recordError(refusal) })) }
  }

  async #load(rows: Rows, tx: Transaction, run: RunContext, plan: LoadPlan, options: StageOptions, guess = this.#guess(run, plan)): Promise<LoadedRows> {
    if (rows.size === 0) return { loaded: 0, unchanged: 0, superseded: 0 }
    if (plan.route === 'stage') return loadStage(rows, tx, run, plan, guess, options)
    if (options.exhaustive) return { loaded: 0, unchanged: 0, superseded: 0 }
    const target = batchTarget(plan)
    if (options.keepKeys || (plan.insertOnly && plan.staging === null)) {
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
