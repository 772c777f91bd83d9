// Snapshot: rows whose key this run's source no longer has are deleted or marked. Called when the run is published.
import type { RunContext, Transaction } from '../../../../sdk/index.ts'
import { display, list, quote, relation, type TableName } from '../names.ts'
import type { LoadPlan } from '../plan.ts'
import type { PublishOptions } from './publish.ts'

const kept = 'headgate_kept'
const keysPerStatement = 5000

/** Returns the number of rows. Removes none if a rejected record's key cannot be read, because its row would look like a missing one. */
export async function removeMissing(run: RunContext, tx: Transaction, { plan, rejectedKeys }: PublishOptions, staging: TableName): Promise<number> {
  await tx.query(`CREATE TEMPORARY TABLE ${kept} ON COMMIT DROP AS SELECT ${list(plan.key)} FROM ${relation(plan.destination)} WITH NO DATA`)
  const unreadable = await keepRejected(tx, rejectedKeys)
  if (unreadable > 0) {
    run.warn(
      'DeletesWithheld',
      `${display(plan.destination)}: ${unreadable} rejected records have no readable key and may be any row’s, so no row was removed as missing; correct the source and run again`,
    )
    return 0
  }
  // The table was just filled; a plan without statistics may scan it once per row.
  await tx.query(`ANALYZE ${kept}`)
  const present = `SELECT FROM ${relation(staging)} s WHERE ${match(plan, 's')}`
  const rejected = `SELECT FROM ${kept} k WHERE ${match(plan, 'k')}`
  // Rows that a newer run has written stay.
  const gone = `(d._run IS NULL OR d._run <= ${run.id}) AND NOT EXISTS (${present}) AND NOT EXISTS (${rejected})`
  const target = relation(plan.destination)
  const statement =
    plan.onMissing === 'Mark' ? `UPDATE ${target} d SET _deleted_at = now() WHERE d._deleted_at IS NULL AND ${gone}` : `DELETE FROM ${target} d WHERE ${gone}`
  return (await tx.query(statement)).rowCount ?? 0
}

function match(plan: LoadPlan, other: string): string {
  return plan.key.map((column) => `${other}.${quote(column)} = d.${quote(column)}`).join(' AND ')
}

/** Fills the table of keys to keep, and returns the number of rejected records without a key. */
async function keepRejected(tx: Transaction, rejectedKeys: PublishOptions['rejectedKeys']): Promise<number> {
  let unreadable = 0
  let pending: Record<string, string>[] = []
  const flush = async () => {
    await tx.query(`INSERT INTO ${kept} SELECT * FROM jsonb_populate_recordset(NULL::${kept}, $1::jsonb)`, [JSON.stringify(pending)])
    pending = []
  }
  for await (const key of rejectedKeys()) {
    if (key === null || key === undefined) unreadable++
    else if (pending.push(key) >= keysPerStatement) await flush()
  }
  if (pending.length > 0) await flush()
  return unreadable
}
