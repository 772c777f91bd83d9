// Detects rows that a table dropped without an error, as a trigger or a policy may. The counts would be wrong, so every statement that
// writes to the destination compares the number of rows that PostgreSQL reports with the number sent.
import { HeadgateError, type Transaction } from '../../../../sdk/index.ts'
import { display, relation, type TableName } from '../names.ts'
import type { Rows } from './copy.ts'

export type Writing = { event: 'INSERT' | 'UPDATE'; sent: number; taken: number }

// tgtype: 1 for each row, 2 before, 4 insert, 16 update. The triggers of partitions count too.
const causesQuery = `
  SELECT g.tgname AS trigger, g.tgrelid::regclass::text AS table, g.tgfoid::regproc::text AS function
    FROM pg_trigger g
   WHERE (g.tgrelid = $1::regclass OR g.tgrelid IN (SELECT relid FROM pg_partition_tree($1::regclass)))
     AND NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgtype::int & 3 = 3 AND g.tgtype::int & $2 <> 0
   ORDER BY 1, 2`

/** Copies the rows into the table. Throws DestinationRefused if some are missing afterwards. */
export async function copyAll(rows: Rows, tx: Transaction, table: TableName): Promise<void> {
  await checkTaken(tx, table, { event: 'INSERT', sent: rows.size, taken: await rows.copyTo(tx, relation(table)) })
}

/** Throws DestinationRefused, with the triggers or policies that may be the reason, if the table took another number of rows. */
export async function checkTaken(tx: Transaction, table: TableName, writing: Writing): Promise<void> {
  const { event, sent, taken } = writing
  if (sent === taken) return
  const causes = await causesOfDrops(tx, table, event)
  const reason = causes.length === 0 ? 'no trigger or policy explains it' : `the reason may be ${causes.join(', ')}`
  throw new HeadgateError(
    'DestinationRefused',
    `${display(table)} took ${taken} of ${sent} rows on ${event} and reported no error; ${reason}; every row sent must be there: ` +
      `declare what the table leaves out as a rule of the schema, or change the trigger`,
  )
}

/** What could make the table drop rows silently. */
export async function causesOfDrops(tx: Transaction, table: TableName, event: Writing['event']): Promise<string[]> {
  const { rows } = await tx.query(causesQuery, [relation(table), event === 'INSERT' ? 4 : 16])
  const causes = rows.map(({ trigger, table: on, function: name }) => `trigger ${trigger} on ${on} (BEFORE ${event}, function ${name})`)
  const { rows: security } = await tx.query('SELECT row_security_active($1::regclass) AS active', [relation(table)])
  return security[0]?.active === true ? [...causes, 'its row-level security policies'] : causes
}
