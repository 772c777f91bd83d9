// The stage route: a batch goes through a temporary table and is merged; straight in while only new keys seem to come.
import type { LoadCounts, RunContext, Transaction } from '../../../sdk/index.ts'
import type { Rows } from './copy.ts'
import { sqlState } from './errors.ts'
import { merge } from './merge.ts'
import { list, quote, relation } from './names.ts'
import { batchTarget, columnNames, type LoadPlan } from './plan.ts'

export type StageOptions = {
  /** Whether the batch's rows must be in the temporary table afterwards. */
  keepKeys: boolean
  exhaustive: boolean
}

/** How a worker guesses whether the next batch has only new keys. A wrong guess costs time, never rows. */
export class Guess {
  #straight: boolean
  #onlyNew = 0
  #hold = 0

  constructor(straight: boolean) {
    this.#straight = straight
  }

  get straight(): boolean {
    return this.#straight
  }

  /** A batch that went straight in met a key that was there. */
  wrong(): void {
    this.#straight = false
    this.#onlyNew = 0
    this.#hold = 8
  }

  /** A batch was merged; `onlyNew` if none of its keys was there. */
  merged(onlyNew: boolean): void {
    this.#hold = Math.max(0, this.#hold - 1)
    this.#onlyNew = onlyNew ? this.#onlyNew + 1 : 0
    if (this.#onlyNew >= 3 && this.#hold === 0) this.#straight = true
  }
}

export async function loadStage(rows: Rows, tx: Transaction, run: RunContext, plan: LoadPlan, guess: Guess, options: StageOptions): Promise<LoadCounts> {
  if (guess.straight && !options.keepKeys && !options.exhaustive) {
    if (await copyStraight(rows, tx, plan)) return { loaded: rows.size, unchanged: 0, superseded: 0, overwrote: 0, unchangedKeys: null, overwrittenKeys: null }
    guess.wrong()
  }
  await fillStage(rows, tx, plan)
  const counts = await merge(tx, run, plan, {
    source: quote(plan.stage),
    mayRepeatKeys: rows.mayRepeatKeys,
    lookUp: true,
    keyRange: await denseRange(tx, plan, rows.size),
    keyHashes: !options.exhaustive,
    exhaustive: options.exhaustive,
  })
  if (options.exhaustive) return { loaded: 0, unchanged: 0, superseded: 0, overwrote: counts.overwrote ?? 0 }
  guess.merged(counts.loaded === rows.size && (counts.overwrote ?? 0) === 0 && (counts.overwrittenKeys ?? null) === null)
  return counts
}

/** Copies the batch into the connection's temporary table, which is made if need be and empties itself at commit. */
export async function fillStage(rows: Rows, tx: Transaction, plan: LoadPlan): Promise<void> {
  const stage = quote(plan.stage)
  await tx.query(
    `CREATE TEMPORARY TABLE IF NOT EXISTS ${stage} ON COMMIT DELETE ROWS AS
       SELECT ${list(columnNames(plan))} FROM ${relation(batchTarget(plan))} WITH NO DATA`,
  )
  await tx.query(`TRUNCATE ${stage}`)
  await rows.copyTo(tx, stage)
}

/**
 * The range of the batch's keys, if it holds at most twice as many whole numbers as the batch has rows: then the
 * destination has no more rows in it, and reading them in one go is a quarter cheaper than looking them up.
 */
async function denseRange(tx: Transaction, plan: LoadPlan, size: number): Promise<{ from: bigint; to: bigint } | undefined> {
  const [name = ''] = plan.key
  const column = plan.columns.find((candidate) => candidate.name === name)
  if (plan.key.length !== 1 || size < 100 || !/^int[248]$/.test(column?.type ?? '')) return undefined
  const { rows } = await tx.query(`SELECT min(${quote(name)})::text AS lowest, max(${quote(name)})::text AS highest FROM ${quote(plan.stage)}`)
  const from = BigInt(rows[0]?.lowest as string)
  const to = BigInt(rows[0]?.highest as string)
  return to - from < BigInt(2 * size) ? { from, to } : undefined
}

/** Whether all rows went in; if one's key was there already, nothing happened. */
async function copyStraight(rows: Rows, tx: Transaction, plan: LoadPlan): Promise<boolean> {
  await tx.query('SAVEPOINT headgate_copy')
  try {
    await rows.copyTo(tx, relation(plan.destination))
  } catch (error) {
    if (sqlState(error) !== '23505') throw error
    await tx.query('ROLLBACK TO SAVEPOINT headgate_copy')
    return false
  }
  await tx.query('RELEASE SAVEPOINT headgate_copy')
  return true
}
