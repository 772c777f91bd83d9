// insertAll: copies all rows of a staging table into the destination. Called when a run is published.
import type { Transaction } from '../../../../sdk/index.ts'
import { list, relation, type TableName } from '../names.ts'
import { columnNames, type LoadPlan } from '../plan.ts'
import { checkTaken } from '../rows/dropped.ts'

/** Throws DestinationRefused if the destination drops some of them. */
export async function insertAll(tx: Transaction, plan: LoadPlan, staging: TableName): Promise<void> {
  const columns = list(columnNames(plan))
  const { rowCount } = await tx.query(`INSERT INTO ${relation(plan.destination)} (${columns}) SELECT ${columns} FROM ${relation(staging)}`)
  await checkTaken(tx, plan.destination, { event: 'INSERT', sent: await countRows(tx, staging), taken: rowCount ?? 0 })
}

export async function countRows(tx: Transaction, table: TableName): Promise<number> {
  return Number((await tx.query(`SELECT count(*) AS rows FROM ${relation(table)}`)).rows[0]?.rows)
}
