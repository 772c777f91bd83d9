// What a swapped-in table takes over from the table it replaces: keys, indexes, owner, grants, comments, storage options.
import type { Transaction } from '../../../../sdk/index.ts'
import { classifyError } from '../../../../store/errors.ts'
import { DestinationRefusal, describeRefusal } from '../../../../store/refusal.ts'
import { quote, relation, type TableName } from '../names.ts'

type Named = { name: string; definition: string; comment: string | null }
type Grant = { role: string | null; privilege: string; grantable: boolean }

export type Traits = {
  /** Primary key and unique constraints. */
  constraints: Named[]
  /** Other indexes; the definition is what follows the table's name: USING … */
  indexes: (Named & { unique: boolean })[]
  owner: string
  /** Null if no privilege was ever granted or revoked. */
  grants: Grant[] | null
  comment: string | null
  options: string[]
}

const constraintsQuery = `
  SELECT conname AS name, pg_get_constraintdef(oid) AS definition, obj_description(oid, 'pg_constraint') AS comment
    FROM pg_constraint WHERE conrelid = $1::regclass AND contype IN ('p', 'u') ORDER BY contype, conname`

const indexesQuery = `
  SELECT c.relname AS name, i.indisunique AS "unique", obj_description(c.oid, 'pg_class') AS comment,
         substring(pg_get_indexdef(c.oid) FROM length(format('CREATE %sINDEX %I ON %I.%I ', CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, c.relname, n.nspname, t.relname)) + 1) AS definition
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
   WHERE i.indrelid = $1::regclass AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
   ORDER BY c.relname`

const tableQuery = `
  SELECT pg_get_userbyid(relowner) AS owner, coalesce(to_json(reloptions), '[]') AS options, obj_description(oid, 'pg_class') AS comment,
         CASE WHEN relacl IS NOT NULL THEN coalesce((
           SELECT json_agg(json_build_object('role', CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee) END, 'privilege', a.privilege_type, 'grantable', a.is_grantable))
             FROM aclexplode(relacl) a), '[]') END AS grants
    FROM pg_class WHERE oid = $1::regclass`

// The structure that the staging table took over when the run was planned. The order of columns does not matter.
const shapeQuery = `
  SELECT json_build_object(
    'columns', (SELECT json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attcollation, a.attstorage, a.attcompression,
                  pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum)) ORDER BY a.attname)
                FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped),
    'checks', (SELECT json_agg(json_build_array(c.conname, pg_get_constraintdef(c.oid)) ORDER BY c.conname)
               FROM pg_constraint c WHERE c.conrelid = $1::regclass AND c.contype = 'c'))::text AS shape`

/** Columns, defaults and checks, in a form to compare two tables by. */
export async function readShape(tx: Transaction, table: TableName): Promise<string> {
  return (await tx.query(shapeQuery, [relation(table)])).rows[0]?.shape as string
}

export async function readTraits(tx: Transaction, table: TableName): Promise<Traits> {
  const name = relation(table)
  const constraints = (await tx.query(constraintsQuery, [name])).rows as Traits['constraints']
  const indexes = (await tx.query(indexesQuery, [name])).rows as Traits['indexes']
  return { constraints, indexes, ...(await readRights(tx, table)) }
}

/** Properties in the table's own row of the catalogue. */
export async function readRights(tx: Transaction, table: TableName): Promise<Pick<Traits, 'owner' | 'options' | 'comment' | 'grants'>> {
  return (await tx.query(tableQuery, [relation(table)])).rows[0] as Pick<Traits, 'owner' | 'options' | 'comment' | 'grants'>
}

/** Names while both tables exist. */
export function oldName(staging: TableName): string {
  return `headgate_old_${staging.name}`
}

function constraintName(staging: TableName, place: number): string {
  return `${staging.name}_key_${place}`
}

function indexName(staging: TableName, place: number): string {
  return `${staging.name}_index_${place}`
}

/** Names of keys and indexes in the replaced table, by their names in the staging table. */
export function namesWhileStaged(staging: TableName, { constraints, indexes }: Traits): Map<string, string> {
  const keys = constraints.map(({ name }, place) => [constraintName(staging, place), name] as const)
  return new Map([...keys, ...indexes.map(({ name }, place) => [indexName(staging, place), name] as const)])
}

/** Throws DestinationRefusal, with the name that the user knows, if the rows break one of them. */
export async function addKeysAndIndexes(tx: Transaction, staging: TableName, { constraints, indexes }: Traits): Promise<void> {
  for (const [place, { name, definition }] of constraints.entries()) {
    await called(name, tx.query(`ALTER TABLE ${relation(staging)} ADD CONSTRAINT ${quote(constraintName(staging, place))} ${definition}`))
  }
  for (const [place, { name, definition, unique }] of indexes.entries()) {
    await called(name, tx.query(`CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${quote(indexName(staging, place))} ON ${relation(staging)} ${definition}`))
  }
}

async function called(name: string, adding: Promise<unknown>): Promise<void> {
  try {
    await adding
  } catch (error) {
    const failure = classifyError(error)
    if (!(failure instanceof DestinationRefusal)) throw error
    const refusal = { ...failure.refusal, by: name }
    throw new DestinationRefusal(
      `one of the new rows ${describeRefusal(refusal)}, so the table stays as it was; correct the source, or change the constraint`,
      refusal,
    )
  }
}

/** Called when the table has its final name and the old one is gone. `staging` is what it was named after. */
export async function restoreTraits(tx: Transaction, table: TableName, staging: TableName, traits: Traits): Promise<void> {
  const target = relation(table)
  for (const [place, { name, comment }] of traits.constraints.entries()) {
    await tx.query(`ALTER TABLE ${target} RENAME CONSTRAINT ${quote(constraintName(staging, place))} TO ${quote(name)}`)
    await setComment(tx, `CONSTRAINT ${quote(name)} ON ${target}`, comment)
  }
  for (const [place, { name, comment }] of traits.indexes.entries()) {
    await tx.query(`ALTER INDEX ${relation({ schema: table.schema, name: indexName(staging, place) })} RENAME TO ${quote(name)}`)
    await setComment(tx, `INDEX ${relation({ schema: table.schema, name })}`, comment)
  }
  await setComment(tx, `TABLE ${target}`, traits.comment)
  if (traits.options.length > 0) await tx.query(`ALTER TABLE ${target} SET (${traits.options.map(storageOption).join(', ')})`)
  await restoreRights(tx, target, traits)
}

async function restoreRights(tx: Transaction, target: string, { owner, grants }: Traits): Promise<void> {
  const { rows } = await tx.query('SELECT current_user AS name')
  if (grants !== null) {
    // Revoke what default privileges granted on the new table.
    const given = await tx.query(
      'SELECT DISTINCT grantee::int8, CASE WHEN grantee <> 0 THEN pg_get_userbyid(grantee) END AS role FROM pg_class, aclexplode(relacl) WHERE oid = $1::regclass',
      [target],
    )
    for (const { role } of given.rows) await tx.query(`REVOKE ALL ON ${target} FROM ${roleName(role as string | null)}`)
    for (const { role, privilege, grantable } of grants) {
      await tx.query(`GRANT ${privilege} ON ${target} TO ${roleName(role)}${grantable && role !== null ? ' WITH GRANT OPTION' : ''}`)
    }
  }
  if (rows[0]?.name !== owner) await tx.query(`ALTER TABLE ${target} OWNER TO ${quote(owner)}`)
}

function roleName(role: string | null): string {
  return role === null ? 'PUBLIC' : quote(role)
}

async function setComment(tx: Transaction, object: string, comment: string | null): Promise<void> {
  if (comment === null) return
  const { rows } = await tx.query('SELECT quote_literal($1::text) AS literal', [comment])
  await tx.query(`COMMENT ON ${object} IS ${rows[0]?.literal as string}`)
}

function storageOption(option: string): string {
  const [name = '', value = ''] = option.split('=', 2)
  return `${name.split('.').map(quote).join('.')} = '${value.replaceAll("'", "''")}'`
}
