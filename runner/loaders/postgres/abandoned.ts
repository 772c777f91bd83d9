// dropAbandoned: staging tables of runs that are over, left by a worker that died at the wrong moment. Called when a run starts.
import type { Transaction } from '../../../sdk/index.ts'
import { relation, runOfStagingTable, stagingSchema } from './names.ts'

/** Drops staging tables whose run `isActive` does not know as unfinished. Answers their names. */
export async function dropAbandoned(tx: Transaction, isActive: (run: number) => boolean | Promise<boolean>): Promise<string[]> {
  const { rows } = await tx.query(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r' ORDER BY 1`,
    [stagingSchema],
  )
  const dropped: string[] = []
  for (const { name } of rows as { name: string }[]) {
    const run = runOfStagingTable(name)
    if (run === undefined || (await isActive(run))) continue
    await tx.query(`DROP TABLE IF EXISTS ${relation({ schema: stagingSchema, name })}`)
    dropped.push(name)
  }
  return dropped
}
