// Duplicates in a table that is built for a run: of several rows with one key only the newest stays. Called when the table gets its key.
import type { Transaction } from '../../../../sdk/index.ts'
import { sqlState } from '../../../../store/errors.ts'
import { DestinationRefusal } from '../../../../store/refusal.ts'
import { relation, type TableName } from '../names.ts'
import type { LoadPlan } from '../plan.ts'
import { deleteRepeatsStatement, repeatsStatement } from './merge-sql.ts'

/**
 * Runs `addKey`; if a duplicate is in its way, removes all but the newest of each key and runs it again. What fails then
 * is another unique constraint.
 */
export async function withoutRepeats(tx: Transaction, plan: LoadPlan, staging: TableName, addKey: () => Promise<unknown>): Promise<number> {
  await tx.query('SAVEPOINT headgate_key')
  try {
    await addKey()
    await tx.query('RELEASE SAVEPOINT headgate_key')
    return 0
  } catch (error) {
    if (!isDuplicate(error) || plan.key.length === 0) throw error
    await tx.query('ROLLBACK TO SAVEPOINT headgate_key')
  }
  const removed = await removeRepeats(tx, plan, staging)
  await addKey()
  return removed
}

function isDuplicate(error: unknown): boolean {
  return sqlState(error) === '23505' || (error instanceof DestinationRefusal && error.refusal.kind === 'unique')
}

export async function removeRepeats(tx: Transaction, plan: LoadPlan, staging: TableName): Promise<number> {
  if (plan.key.length === 0) return 0
  const { rows } = await tx.query(repeatsStatement(plan, relation(staging)))
  if (rows[0]?.repeats !== true) return 0
  return (await tx.query(deleteRepeatsStatement(plan, relation(staging)))).rowCount ?? 0
}
