// The stage route: copies a batch into a temporary table and merges it, or copies it directly into the destination while all keys seem new.
import type { RunContext, Transaction } from '../../../../sdk/index.ts'
import { sqlState } from '../../../../store/errors.ts'
import type { LoadedRows } from '../../capabilities.ts'
import { heapRange } from '../merge/heap-range.ts'
import { merge } from '../merge/merge.ts'
import { list, quote, relation } from '../names.ts'
import { batchTarget, columnNames, type LoadPlan } from '../plan.ts'
import type { Rows } from '../rows/copy.ts'
import { copyAll } from '../rows/dropped.ts'
import { allUnchanged } from './probe.ts'

export type StageOptions = {
  /** Whether the batch's rows must be in the temporary table afterwards. */
  keepKeys: boolean
  exhaustive: boolean
  /** See MergeOptions. */
  rewriteUnchanged: boolean
}

/** Number of batches for which a wrong guess is not repeated. */
const pause = 8

/** A worker's guess about the next batch, from the batches before it. A wrong guess costs time, never rows. */
export class Guess {
  #copiesDirectly: boolean
  #onlyNew = 0
  #copyPause = 0
  #unchangedPause = 0

  constructor(copiesDirectly: boolean) {
    this.#copiesDirectly = copiesDirectly
  }

  /** All keys are new, so the batch is copied directly into the destination. */
  get copiesDirectly(): boolean {
    return this.#copiesDirectly
  }

  /** All rows exist unchanged. */
  get unchanged(): boolean {
    return this.#unchangedPause === 0
  }

  /** Reports that a batch that was copied directly met an existing key. */
  metExistingKey(): void {
    this.#copiesDirectly = false
    this.#onlyNew = 0
    this.#copyPause = pause
  }

  /** Reports that a batch was not unchanged. */
  notUnchanged(): void {
    this.#unchangedPause = pause + 1
  }

  /** Reports that a batch was merged; `onlyNew` if none of its keys existed. */
  merged(onlyNew: boolean): void {
    this.#copyPause = Math.max(0, this.#copyPause - 1)
    this.#unchangedPause = Math.max(0, this.#unchangedPause - 1)
    this.#onlyNew = onlyNew ? this.#onlyNew + 1 : 0
    if (this.#onlyNew >= 3 && this.#copyPause === 0) this.#copiesDirectly = true
  }
}

export async function loadStage(rows: Rows, tx: Transaction, run: RunContext, plan: LoadPlan, guess: Guess, options: StageOptions): Promise<LoadedRows> {
  if (guess.copiesDirectly && !plan.insertOnly && !options.keepKeys && !options.exhaustive) {
    if (await copyStraight(rows, tx, plan))
      return { loaded: rows.size, unchanged: 0, superseded: 0, overwrote: 0, unchangedKeys: null, overwrittenKeys: null, copiedDirectly: true }
    guess.metExistingKey()
  }
  await fillStage(rows, tx, plan)
  const near = plan.partitioned ? undefined : await heapRange(tx, plan, quote(plan.stage))
  if (near !== undefined && guess.unchanged && !options.exhaustive && !options.rewriteUnchanged && !rows.mayRepeatKeys) {
    const unchangedKeys = await allUnchanged(tx, run, plan, near, rows.size)
    if (unchangedKeys !== undefined) return { loaded: 0, unchanged: rows.size, superseded: 0, overwrote: 0, unchangedKeys, overwrittenKeys: null }
    guess.notUnchanged()
  }
  const counts = await merge(tx, run, plan, {
    source: quote(plan.stage),
    mayRepeatKeys: rows.mayRepeatKeys,
    lookUp: true,
    near,
    keyHashes: !options.exhaustive,
    exhaustive: options.exhaustive,
    rewriteUnchanged: options.rewriteUnchanged,
  })
  if (options.exhaustive) return { loaded: 0, unchanged: 0, superseded: 0, overwrote: counts.overwrote ?? 0 }
  guess.merged(counts.loaded === rows.size && (counts.overwrote ?? 0) === 0 && (counts.overwrittenKeys ?? null) === null)
  return counts
}

/** Copies the batch into the connection's temporary table. The table is created if it does not exist, and is emptied at commit. */
export async function fillStage(rows: Rows, tx: Transaction, plan: LoadPlan): Promise<void> {
  const stage = quote(plan.stage)
  // One statement, because each costs a round trip. The work_mem is for joining a batch with the destination.
  await tx.query(
    `SET LOCAL work_mem = '32MB';
     CREATE TEMPORARY TABLE IF NOT EXISTS ${stage} ON COMMIT DELETE ROWS AS
       SELECT ${list(columnNames(plan))} FROM ${relation(batchTarget(plan))} WITH NO DATA;
     TRUNCATE ${stage}`,
  )
  await rows.copyTo(tx, stage)
}

/**
 * Returns whether all rows were copied. A violated unique constraint leaves the destination unchanged; the merge then finds out whether
 * it was the key's, because PostgreSQL may report an existing row under any unique constraint.
 */
async function copyStraight(rows: Rows, tx: Transaction, plan: LoadPlan): Promise<boolean> {
  await tx.query('SAVEPOINT headgate_copy')
  try {
    await copyAll(rows, tx, plan.destination)
  } catch (error) {
    if (sqlState(error) !== '23505') throw error
    await tx.query('ROLLBACK TO SAVEPOINT headgate_copy')
    return false
  }
  await tx.query('RELEASE SAVEPOINT headgate_copy')
  return true
}
