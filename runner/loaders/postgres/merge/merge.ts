// merge: runs the merge statement until nobody interferes with it. Used per batch (stage) and per run (publish).
import { HeadgateError, type RunContext, type Transaction } from '../../../../sdk/index.ts'
import { sqlState } from '../../../../store/errors.ts'
import type { ServerError } from '../../../../store/refusal.ts'
import type { LoadedRows } from '../../capabilities.ts'
import { isOver, readTable } from '../introspect.ts'
import { display } from '../names.ts'
import type { LoadPlan } from '../plan.ts'
import { causesOfDrops, checkTaken } from '../rows/dropped.ts'
import { lockStatement, type MergeOptions, mergeStatement, repeatsStatement } from './merge-sql.ts'

const uniqueViolation = '23505'
const tries = 5

/** What was in the statement's way: a unique constraint, or rows that were not updated. */
type Obstacle = { violation: unknown } | { sent: number; taken: number }

/**
 * Merges the source's rows. Other workers may insert or update the same keys meanwhile: the statement is then undone,
 * the rows in question are locked, and all is judged anew. What is in the way once the rows are locked is no other worker
 * but a rule of the table: another unique constraint, a trigger. Returns counts that add up to the source's rows. Throws
 * PostgreSQL's error for what the table refuses, DestinationRefused for rows it drops.
 */
export async function merge(tx: Transaction, run: RunContext, plan: LoadPlan, request: MergeOptions): Promise<LoadedRows> {
  const mayRepeatKeys = request.mayRepeatKeys && (await repeats(tx, plan, request.source))
  const statement = mergeStatement(plan, { ...request, mayRepeatKeys })
  let obstacle: Obstacle | undefined
  for (let attempt = 1; attempt <= tries; attempt++) {
    await tx.query('SAVEPOINT headgate_merge')
    const result = await once(tx, run, plan, statement)
    if ('counts' in result) {
      await tx.query('RELEASE SAVEPOINT headgate_merge')
      return result.counts
    }
    await tx.query('ROLLBACK TO SAVEPOINT headgate_merge')
    obstacle = result
    if (attempt > 1) await checkPasses(tx, plan, obstacle)
    await tx.query(lockStatement(plan, request.source))
  }
  // A key that is in the way of itself however often the rows are judged: a trigger changes it, or a policy hides its row.
  if (obstacle !== undefined && 'violation' in obstacle) throw obstacle.violation
  throw new HeadgateError('StoreBusy', `${display(plan.destination)}: others kept changing the same rows through ${tries} tries; it is tried again`, {
    retryable: true,
  })
}

/** Throws what cannot be the work of another worker, who may only insert keys and change rows. */
async function checkPasses(tx: Transaction, plan: LoadPlan, obstacle: Obstacle): Promise<void> {
  if ('violation' in obstacle) {
    if (!(await isOfKey(tx, plan, obstacle.violation))) throw obstacle.violation
  } else if ((await causesOfDrops(tx, plan.destination, 'UPDATE')).length > 0) {
    await checkTaken(tx, plan.destination, { event: 'UPDATE', ...obstacle })
  }
}

async function once(tx: Transaction, run: RunContext, plan: LoadPlan, statement: string): Promise<{ counts: LoadedRows } | Obstacle> {
  let row: Record<string, unknown>
  try {
    row = (await tx.query(statement, [run.id])).rows[0] ?? {}
  } catch (error) {
    if (sqlState(error) === uniqueViolation) return { violation: error }
    throw error
  }
  await checkTaken(tx, plan.destination, { event: 'INSERT', sent: Number(row.new), taken: Number(row.inserted) })
  if (Number(row.updated) !== Number(row.newer)) return { sent: Number(row.newer), taken: Number(row.updated) }
  return {
    counts: {
      loaded: Number(row.new) + Number(row.updated),
      unchanged: Number(row.unchanged),
      superseded: Number(row.superseded),
      overwrote: Number(row.overwrote),
      unchangedKeys: (row.unchanged_keys as Buffer | null) ?? null,
      overwrittenKeys: (row.overwritten_keys as Buffer | null) ?? null,
    },
  }
}

/** Whether the violated constraint is one over the key; in a partitioned table the error names the partition's. */
async function isOfKey(tx: Transaction, plan: LoadPlan, violation: unknown): Promise<boolean> {
  const { schema, table, constraint } = violation as ServerError
  if (schema === undefined || table === undefined) return false
  const violated = await readTable(tx, { schema, name: table })
  return violated?.keys.some((key) => key.name === constraint && isOver(key, plan.key)) ?? false
}

async function repeats(tx: Transaction, plan: LoadPlan, source: string): Promise<boolean> {
  return (await tx.query(repeatsStatement(plan, source))).rows[0]?.repeats === true
}
