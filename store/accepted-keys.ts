// Stages the keys of accepted records in a temporary table, to close quarantine entries when no relation in the database holds the keys.
// Called by the engine.
import pg from 'pg'
import { type KeyColumn, refusesKey, rowHash } from './key-form.ts'
import { onlyRow, type Queryable } from './queryable.ts'

/** The key's values in PostgreSQL's text notation, in the order of the columns, and `_pos`. */
export type AcceptedKey = { values: readonly string[]; pos: bigint }

/** A temporary table with the key's columns and `_pos`, emptied when the transaction ends. `hashes` has 8 bytes for each key. */
export type StagedKeys = { relation: string; hashes: Buffer }

/** Returns undefined, and leaves the transaction unchanged, if a value does not match the type of its column. */
export async function stageKeys(tx: Queryable, run: number, columns: readonly KeyColumn[], keys: readonly AcceptedKey[]): Promise<StagedKeys | undefined> {
  const relation = `headgate_accepted_${run}`
  await tx.query('SAVEPOINT headgate_accepted')
  try {
    const hashes = await fill(tx, relation, columns, keys)
    await tx.query('RELEASE SAVEPOINT headgate_accepted')
    return { relation, hashes }
  } catch (error) {
    if (!refusesKey(error)) throw error
    await tx.query('ROLLBACK TO SAVEPOINT headgate_accepted')
    return undefined
  }
}

async function fill(tx: Queryable, relation: string, columns: readonly KeyColumn[], keys: readonly AcceptedKey[]): Promise<Buffer> {
  const definitions = columns.map(({ name, type }) => `${pg.escapeIdentifier(name)} ${type}`)
  await tx.query(`CREATE TEMPORARY TABLE IF NOT EXISTS ${relation} (${definitions.join(', ')}, _pos bigint) ON COMMIT DELETE ROWS`)
  const casts = columns.map(({ type }, index) => `(value_${index})::${type}`)
  const lists = columns.map((_, index) => `$${index + 2}::text[]`)
  await tx.query(
    `INSERT INTO ${relation} SELECT ${casts.join(', ')}, pos
    FROM unnest($1::bigint[], ${lists.join(', ')}) AS list (pos, ${columns.map((_, index) => `value_${index}`).join(', ')})`,
    [keys.map(({ pos }) => String(pos)), ...columns.map((_, index) => keys.map(({ values }) => values[index]))],
  )
  const hash = rowHash(columns, 'accepted')
  const { rows } = await tx.query(`SELECT coalesce(string_agg(int8send(${hash}), ''), '') AS hashes FROM ${relation} AS accepted`)
  return onlyRow(rows).hashes as Buffer
}
