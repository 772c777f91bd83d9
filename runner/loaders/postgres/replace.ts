// replaceTable: puts a newly built table in the place of an existing one, or its rows into it where others depend on it.
import type { RunContext, Transaction } from '../../../sdk/index.ts'
import { removeRepeats } from './build.ts'
import { list, relation, type TableName } from './names.ts'
import { columnNames, type LoadPlan } from './plan.ts'

export async function replaceTable(_run: RunContext, tx: Transaction, plan: LoadPlan, staging: TableName): Promise<number> {
  const removed = await removeRepeats(tx, plan, staging)
  const columns = list(columnNames(plan))
  await tx.query(`TRUNCATE ${relation(plan.destination)}`)
  await tx.query(`INSERT INTO ${relation(plan.destination)} (${columns}) SELECT ${columns} FROM ${relation(staging)}`)
  return removed
}
