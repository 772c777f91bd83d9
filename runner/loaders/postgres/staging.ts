// Finds and drops staging tables by run. The same schema holds those of other tenants, which are not touched. See docs/security.md.
import type { Transaction } from '../../../sdk/index.ts'
import { sqlState } from '../../../store/errors.ts'
import { relation, runOfStagingTable, stagingSchema, type TableName } from './names.ts'

export type StagingTable = TableName & {
  run: number
  /** Whether the current role itself made the table. */
  own: boolean
}

/** Staging tables that the current role may drop, by name. */
export async function stagingTables(tx: Transaction): Promise<StagingTable[]> {
  const { rows } = await tx.query(
    `SELECT c.relname AS name, pg_get_userbyid(c.relowner) = current_user AS own
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relkind = 'r' AND pg_has_role(c.relowner, 'USAGE') ORDER BY 1`,
    [stagingSchema],
  )
  return rows.flatMap((row): StagingTable[] => {
    const run = runOfStagingTable(row.name as string)
    return run === undefined ? [] : [{ schema: stagingSchema, name: row.name as string, run, own: row.own as boolean }]
  })
}

/** Drops the staging tables of a run. */
export async function dropStaging(tx: Transaction, run: number): Promise<void> {
  for (const table of await stagingTables(tx)) {
    if (table.run === run) await tx.query(`DROP TABLE IF EXISTS ${relation(table)}`)
  }
}

/** Insufficient privilege, lock not available, objects depend on it. */
const mayStay = new Set(['42501', '55P03', '2BP01'])

/**
 * Drops the staging tables of finished runs, which workers that died left behind. Returns their names. A table that this role may not
 * drop, or that is locked, stays, because it must not fail the run that is being planned.
 */
export async function dropAbandoned(tx: Transaction, isActive: (run: number) => boolean | Promise<boolean>): Promise<string[]> {
  const dropped: string[] = []
  for (const table of await stagingTables(tx)) {
    if (!(await isActive(table.run)) && (await isDropped(tx, table))) dropped.push(table.name)
  }
  return dropped
}

async function isDropped(tx: Transaction, table: StagingTable): Promise<boolean> {
  await tx.query("SAVEPOINT headgate_abandoned; SET LOCAL lock_timeout = '1s'")
  try {
    await tx.query(`DROP TABLE IF EXISTS ${relation(table)}`)
    await tx.query('SET LOCAL lock_timeout TO DEFAULT; RELEASE SAVEPOINT headgate_abandoned')
    return true
  } catch (error) {
    if (!mayStay.has(sqlState(error) ?? '')) throw error
    await tx.query('ROLLBACK TO SAVEPOINT headgate_abandoned')
    return false
  }
}
