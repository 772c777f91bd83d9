// merge: runs the merge statement until nobody interferes with it. Used per batch (stage) and per run (publish).
import { HeadgateError, type LoadCounts, type RunContext, type Transaction } from '../../../sdk/index.ts'
import { sqlState } from './errors.ts'
import { lockStatement, type MergeOptions, mergeStatement, repeatsStatement } from './merge-sql.ts'
import { display } from './names.ts'
import type { LoadPlan } from './plan.ts'

const uniqueViolation = '23505'
const tries = 5

/**
 * Merges the source's rows. Other workers may insert or update the same keys meanwhile: the statement is then undone,
 * the rows in question are locked, and all is judged anew. Answers with counts that add up to the source's rows.
 */
export async function merge(tx: Transaction, run: RunContext, plan: LoadPlan, request: MergeOptions): Promise<LoadCounts> {
  const mayRepeatKeys = request.mayRepeatKeys && (await repeats(tx, plan, request.source))
  const statement = mergeStatement(plan, { ...request, mayRepeatKeys })
  for (let attempt = 1; attempt <= tries; attempt++) {
    await tx.query('SAVEPOINT headgate_merge')
    const counts = await once(tx, run, statement)
    if (counts !== undefined) {
      await tx.query('RELEASE SAVEPOINT headgate_merge')
      return counts
    }
    await tx.query('ROLLBACK TO SAVEPOINT headgate_merge')
    await tx.query(lockStatement(plan, request.source))
  }
  throw new HeadgateError('StoreBusy', `${display(plan.destination)}: others kept changing the same rows through ${tries} tries; it is tried again`, {
    retryable: true,
  })
}

/** Undefined if another transaction got in between. */
async function once(tx: Transaction, run: RunContext, statement: string): Promise<LoadCounts | undefined> {
  try {
    const row = (await tx.query(statement, [run.id])).rows[0] ?? {}
    if (Number(row.updated) !== Number(row.newer)) return undefined
    return {
      loaded: Number(row.new) + Number(row.updated),
      unchanged: Number(row.unchanged),
      superseded: Number(row.superseded),
      overwrote: Number(row.overwrote),
      unchangedKeys: (row.unchanged_keys as Buffer | null) ?? null,
      overwrittenKeys: (row.overwritten_keys as Buffer | null) ?? null,
    }
  } catch (error) {
    if (sqlState(error) === uniqueViolation) return undefined
    throw error
  }
}

async function repeats(tx: Transaction, plan: LoadPlan, source: string): Promise<boolean> {
  return (await tx.query(repeatsStatement(plan, source))).rows[0]?.repeats === true
}
