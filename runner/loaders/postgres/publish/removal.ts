// The wipe guard: how many rows of the destination a run would remove, and whether it may. Called when a run is published.
import { HeadgateError, type Transaction } from '../../../../sdk/index.ts'
import { analyze } from '../introspect.ts'
import { display, quote, relation, type TableName } from '../names.ts'
import type { LoadPlan } from '../plan.ts'
import type { PublishOptions } from './publish.ts'

/** Rows of the destination that are not marked as deleted. */
export async function countPresent(tx: Transaction, { destination, onMissing }: LoadPlan): Promise<number> {
  const where = onMissing === 'Mark' ? ' WHERE _deleted_at IS NULL' : ''
  const { rows } = await tx.query(`SELECT count(*) AS present FROM ${relation(destination)}${where}`)
  return Number(rows[0]?.present)
}

/**
 * How many rows of the destination are not among the new ones, by key; without a key, by how much smaller the new table is.
 * Leaves the staging table analysed. Throws RemovalRefused.
 */
export async function countReplaced(tx: Transaction, options: PublishOptions, staging: TableName): Promise<number> {
  const { plan } = options
  // Without statistics the join would get a poor plan.
  await analyze(tx, staging)
  const { rows } = await tx.query(plan.key.length > 0 ? goneByKey(plan, staging) : goneByNumber(plan, staging))
  const [removed, present] = [Number(rows[0]?.removed), Number(rows[0]?.present)]
  checkRemoval({ removed, present }, options)
  return removed
}

/** One pass over both tables: the new rows' keys are unique and never null. */
function goneByKey({ destination, key }: LoadPlan, staging: TableName): string {
  const match = key.map((column) => `s.${quote(column)} = d.${quote(column)}`).join(' AND ')
  return `SELECT count(*) AS present, count(*) FILTER (WHERE s.${quote(key[0] as string)} IS NULL) AS removed
    FROM ${relation(destination)} d LEFT JOIN ${relation(staging)} s ON ${match}`
}

function goneByNumber({ destination }: LoadPlan, staging: TableName): string {
  return `SELECT present, greatest(0, present - (SELECT count(*) FROM ${relation(staging)})) AS removed
    FROM (SELECT count(*) AS present FROM ${relation(destination)}) AS counted`
}

/** Throws RemovalRefused if more than the allowed share of the rows would be removed. */
export function checkRemoval({ removed, present }: { removed: number; present: number }, { plan, maxRemovedRatio }: PublishOptions): void {
  if (removed <= maxRemovedRatio * present) return
  const share = `${removed} of the ${present} rows of ${display(plan.destination)} (${((100 * removed) / present).toFixed(1)} %)`
  throw new HeadgateError(
    'RemovalRefused',
    `mode ${plan.mode} would remove ${share}, quality.maxRemovedRatio allows ${maxRemovedRatio * 100} %; nothing is published; ` +
      'look at the delivery, and if it is right, run it with --allow-removal (spec.allowRemoval of a PipelineRun) or raise quality.maxRemovedRatio',
  )
}
