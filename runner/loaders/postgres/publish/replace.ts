// replaceTable: puts a newly built table in the place of an existing one, or its rows into it where others depend on it.
import { HeadgateError, type RunContext, type Transaction } from '../../../../sdk/index.ts'
import { classifyError } from '../../../../store/errors.ts'
import { overtaken } from '../../../../store/run-order.ts'
import { analyze, findKey, readTable } from '../introspect.ts'
import { merge } from '../merge/merge.ts'
import { removeRepeats, withoutRepeats } from '../merge/repeats.ts'
import { display, quote, relation, type TableName } from '../names.ts'
import type { LoadPlan } from '../plan.ts'
import { reasonAgainstSwap } from './dependents.ts'
import { countRows, insertAll } from './insert-all.ts'
import type { PublishOptions } from './publish.ts'
import { countReplaced } from './removal.ts'
import { addKeysAndIndexes, oldName, readRights, readShape, readTraits, restoreTraits, type Traits } from './traits.ts'

/** `repeats`: duplicates removed from the new rows. `removed`: rows of the old table that the new one does not have. */
export type Replaced = { repeats: number; removed: number }

/** Throws Overtaken if a newer run has loaded rows into the table, RemovalRefused. */
export async function replaceTable(run: RunContext, tx: Transaction, options: PublishOptions, staging: TableName): Promise<Replaced> {
  const { plan } = options
  await checkNotOvertaken(run, tx, options)
  const reason = await reasonForExchange(tx, plan.destination, staging)
  if (reason !== undefined) return replaceRows(run, tx, options, staging, reason)
  const traits = await readTraits(tx, plan.destination)
  const repeats = await addKeys(tx, plan, staging, traits)
  const removed = await countReplaced(tx, options, staging)
  await tx.query('SAVEPOINT headgate_swap')
  try {
    await swap(tx, plan, staging, traits)
    await tx.query('RELEASE SAVEPOINT headgate_swap')
    return { repeats, removed }
  } catch (error) {
    const failure = classifyError(error)
    if (failure instanceof HeadgateError && failure.retryable) throw error
    await tx.query('ROLLBACK TO SAVEPOINT headgate_swap')
    const replaced = await replaceRows(run, tx, options, staging, 'the new table could not be given all of the old one’s properties')
    return { repeats: repeats + replaced.repeats, removed }
  }
}

/** Throws Overtaken if the table holds rows of a newer run. */
async function checkNotOvertaken({ id, name }: RunContext, tx: Transaction, { plan, newerRun }: PublishOptions): Promise<void> {
  if (newerRun === undefined) return
  const { rows } = await tx.query(`SELECT FROM ${relation(plan.destination)} WHERE _run > $1 LIMIT 1`, [id])
  if (rows.length > 0) throw overtaken({ name }, `newer runs, such as ${newerRun}, have loaded rows into ${display(plan.destination)}`)
}

/**
 * Why the rows have to be exchanged in place; undefined if the table can be swapped. Locks the table against new triggers, policies,
 * indexes and columns; reads and writes continue.
 */
export async function reasonForExchange(tx: Transaction, destination: TableName, staging: TableName): Promise<string | undefined> {
  await tx.query(`LOCK TABLE ${relation(destination)} IN SHARE UPDATE EXCLUSIVE MODE`)
  return (await reasonAgainstSwap(tx, destination)) ?? reasonByShape(tx, destination, staging)
}

/** The staging table has the structure that the destination had when the run was planned. Later changes would be lost in a swap. */
async function reasonByShape(tx: Transaction, destination: TableName, staging: TableName): Promise<string | undefined> {
  if ((await readShape(tx, destination)) === (await readShape(tx, staging))) return undefined
  return 'its columns, defaults or checks were changed while the run went on'
}

/** If a key of the table enforces the declared key, its violation reveals duplicates; otherwise they are searched. */
async function addKeys(tx: Transaction, plan: LoadPlan, staging: TableName, traits: Traits): Promise<number> {
  const table = await readTable(tx, plan.destination)
  const enforced = plan.key.length > 0 && table !== undefined && findKey(table, plan.key) !== undefined
  if (enforced) return withoutRepeats(tx, plan, staging, () => addKeysAndIndexes(tx, staging, traits))
  const removed = await removeRepeats(tx, plan, staging)
  await addKeysAndIndexes(tx, staging, traits)
  return removed
}

async function swap(tx: Transaction, { destination }: LoadPlan, staging: TableName, traits: Traits): Promise<void> {
  await tx.query(`LOCK TABLE ${relation(destination)} IN ACCESS EXCLUSIVE MODE`)
  const old = { schema: destination.schema, name: oldName(staging) }
  // Before PostgreSQL 18 GRANT takes no lock on the table. Renaming the table locks its row in the catalogue: an earlier GRANT is
  // visible here, a later one waits and fails.
  await tx.query(`ALTER TABLE ${relation(destination)} RENAME TO ${quote(old.name)}`)
  const rights = await readRights(tx, old)
  if ((await reasonAgainstSwap(tx, old)) !== undefined) throw new HeadgateError('Internal', `${display(destination)} was changed while it was being replaced`)
  await tx.query(`DROP TABLE ${relation(old)}`)
  await tx.query(`ALTER TABLE ${relation(staging)} SET SCHEMA ${quote(destination.schema)}`)
  const moved = relation({ schema: destination.schema, name: staging.name })
  await tx.query(`ALTER TABLE ${moved} RENAME TO ${quote(destination.name)}`)
  await restoreTraits(tx, destination, staging, { ...traits, ...rights })
}

/** The slower way, for a table that other objects refer to: exchanges its rows within the same transaction. */
async function replaceRows(run: RunContext, tx: Transaction, options: PublishOptions, staging: TableName, reason: string): Promise<Replaced> {
  const { plan } = options
  const { destination } = plan
  run.warn('PublishedInPlace', `${display(destination)}: ${reason}, so its rows were exchanged in place, which is slower than swapping the table`)
  const repeats = await removeRepeats(tx, plan, staging)
  const removed = await countReplaced(tx, options, staging)
  const cleared = await clearForNewRows(tx, plan, staging)
  if (cleared === 'all') await insertAll(tx, plan, staging)
  else await mergeNewRows(run, tx, plan, staging)
  await tx.query(`DROP TABLE ${relation(staging)}`)
  await analyze(tx, destination)
  return { repeats, removed }
}

/**
 * Deletes all rows, or, if foreign keys reference the table, only those whose key the new rows do not have. The others stay and are
 * updated.
 */
export async function clearForNewRows(tx: Transaction, { destination, key }: LoadPlan, staging: TableName): Promise<'all' | 'gone'> {
  if (!(await isReferenced(tx, destination))) {
    await tx.query(`TRUNCATE ${relation(destination)}`)
    return 'all'
  }
  if (key.length === 0) {
    throw new HeadgateError(
      'DestinationMismatch',
      `${display(destination)} is referenced by foreign keys and has no declared key to replace its rows by; declare schema.primaryKey`,
    )
  }
  const match = key.map((column) => `s.${quote(column)} = d.${quote(column)}`).join(' AND ')
  await tx.query(`DELETE FROM ${relation(destination)} d WHERE NOT EXISTS (SELECT FROM ${relation(staging)} s WHERE ${match})`)
  return 'gone'
}

async function mergeNewRows(run: RunContext, tx: Transaction, plan: LoadPlan, staging: TableName): Promise<void> {
  await merge(tx, run, plan, {
    source: relation(staging),
    mayRepeatKeys: false,
    lookUp: false,
    keyHashes: false,
    exhaustive: false,
    rewriteUnchanged: false,
    always: true,
  })
  const [present, sent] = [await countRows(tx, plan.destination), await countRows(tx, staging)]
  if (present !== sent) {
    throw new HeadgateError(
      'DestinationRefused',
      `${display(plan.destination)} holds ${present} rows after it was to be replaced by ${sent}; a trigger or policy keeps rows from being deleted`,
    )
  }
}

async function isReferenced(tx: Transaction, table: TableName): Promise<boolean> {
  const { rows } = await tx.query(`SELECT FROM pg_constraint WHERE confrelid = $1::regclass AND contype = 'f' LIMIT 1`, [relation(table)])
  return rows.length > 0
}
