import { describe, expect, it } from 'vitest'
import { freshDatabase } from '../../../../test/support/database.ts'
import { connect, type Row, startRun } from '../../../../test/support/loading.ts'

const database = await freshDatabase()
const { client } = await connect(database.url)
const [reader, other] = [await connect(database.url), await connect(database.url)]
const role = `reader_${process.pid}`
let tables = 0

const fresh: Row[] = [
  { id: 1n, name: 'kept', pos: 1 },
  { id: 9n, name: 'new', pos: 2 },
  { id: 9n, name: 'newer', pos: 3 },
]

async function existing() {
  const table = `replaced_${++tables}`
  await client.query(`CREATE TABLE ${table} (id bigint CONSTRAINT "Key of ${table}" PRIMARY KEY, name text, origin text NOT NULL DEFAULT 'here', _run bigint NOT NULL, _pos bigint NOT NULL, CHECK (id > 0));
    INSERT INTO ${table} VALUES (1, 'old', 'there', 0, 1), (2, 'old', 'there', 0, 2)`)
  return table
}

async function replace(table: string) {
  const run = await startRun(client, { table, mode: 'Replace' })
  await run.load(fresh)
  const before = (await client.query(`SELECT count(*)::int AS rows FROM ${table}`)).rows[0].rows
  const counts = await run.publish()
  const after = (await client.query(`SELECT id, name, origin FROM ${table} ORDER BY id`)).rows
  return { run, before, counts, after }
}

const replaced = [
  { id: '1', name: 'kept', origin: 'here' },
  { id: '9', name: 'newer', origin: 'here' },
]

async function oid(table: string) {
  return (await client.query(`SELECT $1::regclass::oid::int AS oid`, [table])).rows[0].oid
}

describe('mode Replace', () => {
  it('swaps the table and keeps keys, indexes, checks, grants, owner, comments and options', async () => {
    const table = await existing()
    await client.query(`CREATE ROLE ${role}; CREATE INDEX "by;name" ON ${table} (lower(name)) WHERE id > 0; CREATE UNIQUE INDEX ${table}_pos ON ${table} (_run, _pos);
      GRANT SELECT, INSERT ON ${table} TO ${role} WITH GRANT OPTION; GRANT SELECT ON ${table} TO PUBLIC; COMMENT ON TABLE ${table} IS 'it''s a table'; COMMENT ON COLUMN ${table}.name IS 'its name';
      ALTER TABLE ${table} SET (fillfactor = 90, autovacuum_enabled = off); ALTER TABLE ${table} OWNER TO ${role}`)
    try {
      const described = await describeTable(table)
      const number = await oid(table)
      const { before, counts, after, run } = await replace(table)
      expect(before).toBe(2)
      expect(counts).toMatchObject({ loaded: -1, superseded: 1 })
      expect(after).toEqual(replaced)
      expect(run.warnings).toEqual([])
      expect(await oid(table)).not.toBe(number)
      expect(await describeTable(table)).toEqual(described)
    } finally {
      await client.query(`DROP TABLE IF EXISTS ${table}; DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
  })

  it.each([
    { what: 'a view', sql: (table: string) => `CREATE VIEW ${table}_view AS SELECT id FROM ${table}` },
    {
      what: 'a trigger',
      sql: (table: string) => `CREATE TRIGGER quiet BEFORE UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
    },
    {
      what: 'a foreign key that points at it',
      sql: (table: string) => `CREATE TABLE ${table}_child (parent bigint REFERENCES ${table}); INSERT INTO ${table}_child VALUES (1)`,
    },
    { what: 'a policy', sql: (table: string) => `CREATE POLICY everything ON ${table} USING (true)` },
    { what: 'a sequence of its own', sql: (table: string) => `ALTER TABLE ${table} ADD COLUMN number serial` },
  ])('exchanges the rows in place where the table has $what', async ({ sql }) => {
    const table = await existing()
    await client.query(sql(table))
    const number = await oid(table)
    const { counts, after, run } = await replace(table)
    expect(counts).toMatchObject({ loaded: -1, superseded: 1 })
    expect(after.map(({ id, name }) => ({ id, name }))).toEqual(replaced.map(({ id, name }) => ({ id, name })))
    expect(run.warnings).toEqual(['PublishedInPlace'])
    expect(await oid(table)).toBe(number)
    expect(
      (await client.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'headgate_stage' AND tablename LIKE $1`, [`run_${run.context.id}_%`])).rows,
    ).toEqual([])
  })

  it('leaves the old rows when it fails', async () => {
    const table = await existing()
    await client.query(`CREATE TABLE ${table}_child (parent bigint REFERENCES ${table}); INSERT INTO ${table}_child VALUES (2)`)
    await expect(replace(table)).rejects.toMatchObject({ code: '23503' })
    expect((await client.query(`SELECT name FROM ${table}`)).rows).toEqual([{ name: 'old' }, { name: 'old' }])
  })
})

describe('a table that is changed during a Replace', () => {
  const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = $1::regclass`

  it.each([
    {
      what: 'a trigger',
      sql: (table: string) => `CREATE TRIGGER late BEFORE UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
    },
    { what: 'a policy', sql: (table: string) => `CREATE POLICY late ON ${table} USING (true)` },
    { what: 'a check', sql: (table: string) => `ALTER TABLE ${table} ADD CONSTRAINT late CHECK (id < 100)` },
    { what: 'a default', sql: (table: string) => `ALTER TABLE ${table} ALTER COLUMN name SET DEFAULT 'late'` },
    { what: 'a column', sql: (table: string) => `ALTER TABLE ${table} ADD COLUMN late int` },
  ])('keeps $what', async ({ sql }) => {
    const table = await existing()
    const run = await startRun(client, { table, mode: 'Replace' })
    await run.load(fresh)
    await client.query(sql(table))
    const described = await describeTable(table)
    await run.publish()
    expect(run.warnings).toEqual(['PublishedInPlace'])
    expect(await describeTable(table)).toEqual(described)
    expect((await client.query(`SELECT id, name, origin FROM ${table} ORDER BY id`)).rows).toEqual(replaced)
  })

  it('keeps an index and a grant', async () => {
    const table = await existing()
    const run = await startRun(client, { table, mode: 'Replace' })
    await run.load(fresh)
    await client.query(`CREATE INDEX ${table}_late ON ${table} (name); GRANT SELECT ON ${table} TO PUBLIC`)
    const described = await describeTable(table)
    await run.publish()
    expect(run.warnings).toEqual([])
    expect(await describeTable(table)).toEqual(described)
  })

  it('can be read and written but not altered while the new table gets its keys', async () => {
    const table = await existing()
    const run = await startRun(client, { table, mode: 'Replace' })
    await run.load(fresh)
    const staging = `headgate_stage.${run.plan.staging?.name}`
    await reader.client.query(`BEGIN; SELECT FROM ${staging}`)
    const published = run.publish()
    await expect.poll(async () => (await other.client.query(waiting, [staging])).rowCount).toBe(1)
    await other.client.query(`SET lock_timeout = '100ms'; UPDATE ${table} SET name = name; SELECT FROM ${table}`)
    const trigger = `CREATE TRIGGER late BEFORE UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`
    for (const statement of [trigger, `CREATE INDEX ON ${table} (name)`, `CREATE POLICY late ON ${table}`, `ALTER TABLE ${table} ADD COLUMN late int`]) {
      await expect(other.client.query(statement)).rejects.toMatchObject({ code: '55P03' })
    }
    await other.client.query('SET lock_timeout = 0')
    await reader.client.query('COMMIT')
    await published
    expect((await client.query(`SELECT id, name, origin FROM ${table} ORDER BY id`)).rows).toEqual(replaced)
  })

  it('keeps a grant made after the new table was built', async () => {
    const table = await existing()
    const run = await startRun(client, { table, mode: 'Replace' })
    await run.load(fresh)
    await reader.client.query(`BEGIN; SELECT FROM ${table}`)
    const published = run.publish()
    await expect.poll(async () => (await other.client.query(waiting, [table])).rowCount).toBe(1)
    // Before PostgreSQL 18 GRANT takes no lock and takes effect at once, so the swap may have to be rolled back; since 18 it waits for the new table.
    const granted = other.client.query(`GRANT SELECT ON ${table} TO PUBLIC`)
    await reader.client.query('COMMIT')
    await Promise.all([published, granted])
    const { rows } = await client.query('SHOW server_version_num')
    if (Number(rows[0].server_version_num) >= 180_000) expect(run.warnings).toEqual([])
    expect((await describeTable(table)).grants).toContainEqual(expect.stringMatching(/^=r\//))
  })
})

async function describeTable(table: string) {
  const { rows } = await client.query(
    `SELECT pg_get_userbyid(relowner) AS owner, relacl::text[] AS grants, reloptions, obj_description(t.oid) AS comment, col_description(t.oid, 2) AS column_comment,
       (SELECT json_agg(pg_get_indexdef(indexrelid) ORDER BY indexrelid::regclass::text) FROM pg_index WHERE indrelid = t.oid) AS indexes,
       (SELECT json_agg(conname || ' ' || pg_get_constraintdef(oid) ORDER BY conname) FROM pg_constraint WHERE conrelid = t.oid) AS constraints,
       (SELECT json_agg(tgname ORDER BY tgname) FROM pg_trigger WHERE tgrelid = t.oid AND NOT tgisinternal) AS triggers,
       (SELECT json_agg(polname ORDER BY polname) FROM pg_policy WHERE polrelid = t.oid) AS policies,
       (SELECT json_agg(attname || coalesce(' ' || pg_get_expr(adbin, adrelid), '') ORDER BY attname) FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
         WHERE attrelid = t.oid AND attnum > 0) AS columns
     FROM pg_class t WHERE t.oid = $1::regclass`,
    [table],
  )
  return { ...rows[0], grants: [...(rows[0].grants ?? [])].sort() }
}
