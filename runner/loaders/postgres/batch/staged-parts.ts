// stagedParts: merges parts of a batch, for the search for refused rows. The batch is staged once, because copying each part into the
// temporary table would cost more than merging it. Used by PostgresLoader.loadCarefully.
import type { RunContext, Transaction } from '../../../../sdk/index.ts'
import { classifyError } from '../../../../store/errors.ts'
import { DestinationRefusal } from '../../../../store/refusal.ts'
import type { EncodedRows } from '../../../copy/encoded-rows.ts'
import type { LoadedRows } from '../../capabilities.ts'
import { merge } from '../merge/merge.ts'
import { quote } from '../names.ts'
import type { LoadPlan } from '../plan.ts'
import { someEncodedRows } from '../rows/copy.ts'
import type { SourceRecords } from './source-records.ts'
import { fillStage } from './stage.ts'

/**
 * Stages the rows, and returns a function that merges those of some records. Returns undefined if the stage itself refuses a row: it has
 * the domains of the destination.
 */
export async function stagedParts(
  rows: EncodedRows,
  records: SourceRecords,
  tx: Transaction,
  run: RunContext,
  plan: LoadPlan,
  { exhaustive, rewriteUnchanged }: { exhaustive: boolean; rewriteUnchanged: boolean },
): Promise<((part: Uint32Array) => Promise<LoadedRows>) | undefined> {
  if (!(await isStaged(tx, () => fillStage(someEncodedRows(rows, plan, records.rowsOf(records.all)), tx, plan)))) return undefined
  const stage = quote(plan.stage)
  // Without an index, and without statistics that tell how small a part is, each part would scan the stage and the destination.
  await tx.query(`CREATE INDEX IF NOT EXISTS ${indexName(plan)} ON ${stage} (_pos); ANALYZE ${stage}`)
  const order = (record: number | undefined) => records.order(record ?? 0)
  const where = (part: Uint32Array) =>
    part.buffer === records.all.buffer
      ? `_pos BETWEEN ${order(part[0])} AND ${order(part.at(-1))}`
      : `_pos IN (${Array.from(part, (record) => order(record)).join()})`
  return (part) => {
    if (part.length === 0) return Promise.resolve({ loaded: 0, unchanged: 0, superseded: 0 })
    const source = `(SELECT * FROM ${stage} WHERE ${where(part)})`
    return merge(tx, run, plan, {
      source,
      mayRepeatKeys: part.length > 1 || rows.size > records.all.length,
      lookUp: true,
      keyHashes: !exhaustive,
      exhaustive,
      rewriteUnchanged,
    })
  }
}

async function isStaged(tx: Transaction, fill: () => Promise<void>): Promise<boolean> {
  await tx.query('SAVEPOINT headgate_parts')
  try {
    await fill()
    await tx.query('RELEASE SAVEPOINT headgate_parts')
    return true
  } catch (error) {
    if (!(classifyError(error) instanceof DestinationRefusal)) throw error
    await tx.query('ROLLBACK TO SAVEPOINT headgate_parts')
    return false
  }
}

/** Drops the index, which later batches do not need. */
export async function endStagedParts(tx: Transaction, plan: LoadPlan): Promise<void> {
  await tx.query(`DROP INDEX pg_temp.${indexName(plan)}`)
}

function indexName(plan: LoadPlan): string {
  return quote(`${plan.stage}_pos`)
}
