// The stage route: a batch goes through a temporary table and is merged; straight in while only new keys seem to come.
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

/** How many batches a guess that proved wrong is not made again. */
const pause = 8

/** What a worker guesses about the next batch, from the ones before. A wrong guess costs time, never rows. */
export class Guess {
  #straight: boolean
  #onlyNew = 0
  #straightPause = 0
  #unchangedPause = 0

  constructor(straight: boolean) {
    this.#straight = straight
  }

  /** That all keys are new: the batch may be copied straight in. */
  get straight(): boolean {
    return this.#straight
  }

  /** That all rows are there, unchanged. */
  get unchanged(): boolean {
    return this.#unchangedPause === 0
  }

  /** A batch that went straight in met a key that was there. */
  notStraight(): void {
    this.#straight = false
    this.#onlyNew = 0
    this.#straightPause = pause
  }

  /** A batch that was thought unchanged was not. */
  notUnchanged(): void {
    this.#unchangedPause = pause + 1
  }

  /** A batch was merged; `onlyNew` if none of its keys was there. */
  merged(onlyNew: boolean): void {
    this.#straightPause = Math.max(0, this.#straightPause - 1)
    this.#unchangedPause = Math.max(0, this.#unchangedPause - 1)
    this.#onlyNew = onlyNew ? this.#onlyNew + 1 : 0
    if (this.#onlyNew >= 3 && this.#straightPause === 0) this.#straight = true
  }
}

export async function loadStage(rows: Rows, tx: Transaction, run: RunContext, plan: LoadPlan, guess: Guess, options: StageOptions): Promise<LoadedRows> {
  if (guess.straight && !plan.insertOnly && !options.keepKeys && !options.exhaustive) {
    if (await copyStraight(rows, tx, plan))
      return { loaded: rows.size, unchanged: 0, superseded: 0, overwrote: 0, unchangedKeys: null, overwrittenKeys: null, straight: true }
    guess.notStraight()
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

/** Copies the batch into the connection's temporary table, which is made if need be and empties itself at commit. */
export async function fillStage(rows: Rows, tx: Transaction, plan: LoadPlan): Promise<void> {
  const stage = quote(plan.stage)
  // One question for all: each costs a round trip. The work_mem is for joining a batch with what it meets.
  await tx.query(
    `SET LOCAL work_mem = '32MB';
     CREATE TEMPORARY TABLE IF NOT EXISTS ${stage} ON COMMIT DELETE ROWS AS
       SELECT ${list(columnNames(plan))} FROM ${relation(batchTarget(plan))} WITH NO DATA;
     TRUNCATE ${stage}`,
  )
  await rows.copyTo(tx, stage)
}

/**
 * Whether all rows went in. If a unique constraint was in the way, nothing happened: whether it was the key's, for a row
 * that is there already may be reported under any, is the merge's to find out.
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
