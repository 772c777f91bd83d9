// replaceTable: puts a newly built table in the place of an existing one, or its rows into it where others depend on it.
import { HeadgateError, type RunContext, type Transaction } from '../../../sdk/index.ts'
import { removeRepeats, withoutRepeats } from './build.ts'
import { reasonAgainstSwap } from './dependents.ts'
import { classifyError } from './errors.ts'
import { analyze, findKey, readTable } from './introspect.ts'
import { merge } from './merge.ts'
import { display, list, quote, relation, type TableName } from './names.ts'
import { columnNames, type LoadPlan } from './plan.ts'
import { addKeysAndIndexes, readTraits, restoreTraits, type Traits } from './traits.ts'

/** Answers how many duplicates were removed from the new rows. */
export async function replaceTable(run: RunContext, tx: Transaction, plan: LoadPlan, staging: TableName): Promise<number> {
  const reason = await reasonAgainstSwap(tx, plan.destination)
  if (reason !== undefined) return replaceRows(run, tx, plan, staging, reason)
  const traits = await readTraits(tx, plan.destination)
  const removed = await addKeys(tx, plan, staging, traits)
  await tx.query('SAVEPOINT headgate_swap')
  try {
    await swap(tx, plan, staging, traits)
    await tx.query('RELEASE SAVEPOINT headgate_swap')
    return removed
  } catch (error) {
    const failure = classifyError(error)
    if (failure instanceof HeadgateError && failure.retryable) throw error
    await tx.query('ROLLBACK TO SAVEPOINT headgate_swap')
    return removed + (await replaceRows(run, tx, plan, staging, 'the new table could not be given all of the old one’s properties'))
  }
}

/** Where a key of the table enforces the declared one, only its failure tells of duplicates; else they are looked for. */
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
  await tx.query(`DROP TABLE ${relation(destination)}`)
  await tx.query(`ALTER TABLE ${relation(staging)} SET SCHEMA ${quote(destination.schema)}`)
  const moved = relation({ schema: destination.schema, name: staging.name })
  await tx.query(`ALTER TABLE ${moved} RENAME TO ${quote(destination.name)}`)
  await restoreTraits(tx, destination, staging, traits)
  await analyze(tx, destination)
}

/** The slower way, for a table that others hold on to: its rows are exchanged within the same transaction. */
async function replaceRows(run: RunContext, tx: Transaction, plan: LoadPlan, staging: TableName, reason: string): Promise<number> {
  const { destination } = plan
  run.warn('PublishedInPlace', `${display(destination)}: ${reason}, so its rows were exchanged in place, which is slower than swapping the table`)
  const removed = await removeRepeats(tx, plan, staging)
  const columns = list(columnNames(plan))
  const insert = `INSERT INTO ${relation(destination)} (${columns}) SELECT ${columns} FROM ${relation(staging)}`
  if (!(await isReferenced(tx, destination))) {
    await tx.query(`TRUNCATE ${relation(destination)}`)
    await tx.query(insert)
  } else if (plan.key.length > 0) {
    await exchangeByKey(run, tx, plan, staging)
  } else {
    throw new HeadgateError(
      'DestinationMismatch',
      `${display(destination)} is referenced by foreign keys and has no declared key to replace its rows by; declare schema.primaryKey`,
    )
  }
  await analyze(tx, destination)
  return removed
}

/** Rows that foreign keys point at stay where they are and are updated; only those that are gone are deleted. */
async function exchangeByKey(run: RunContext, tx: Transaction, plan: LoadPlan, staging: TableName): Promise<void> {
  const match = plan.key.map((column) => `s.${quote(column)} = d.${quote(column)}`).join(' AND ')
  await analyze(tx, staging)
  await tx.query(`DELETE FROM ${relation(plan.destination)} d WHERE NOT EXISTS (SELECT FROM ${relation(staging)} s WHERE ${match})`)
  await merge(tx, run, plan, { source: relation(staging), mayRepeatKeys: false, lookUp: false, keyHashes: false, exhaustive: false, always: true })
}

async function isReferenced(tx: Transaction, table: TableName): Promise<boolean> {
  const { rows } = await tx.query(`SELECT FROM pg_constraint WHERE confrelid = $1::regclass AND contype = 'f' LIMIT 1`, [relation(table)])
  return rows.length > 0
}
