import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, expect, it } from 'vitest'
import { freshDatabase } from '../test/support/database.ts'
import { inTransaction } from '../test/support/loading.ts'
import { claimed, loadedBatch, plannedRun, rejectedRecord } from '../test/support/store.ts'
import { recordBatch } from './ledger.ts'
import { migrate } from './migrate.ts'
import { quarantineRecords } from './quarantine.ts'
import { listQuarantine } from './quarantine-queries.ts'
import { advanceSlice, lockSlice } from './slices.ts'
import { admitTenant } from './tenants.ts'

const { client, url } = await freshDatabase()
const older = await freshDatabase()
const suffix = randomBytes(4).toString('hex')
const [owner, worker, analyst] = [`headgate_owner_${suffix}`, `headgate_worker_${suffix}`, `headgate_analyst_${suffix}`]
await client.query(`CREATE ROLE ${owner}; CREATE ROLE ${worker}; CREATE ROLE ${analyst}`)
afterAll(async () => {
  // In this order, because the owner's default privileges name the other roles.
  for (const each of [older.client, client]) {
    await each.query('RESET ROLE')
    for (const role of [analyst, worker, owner]) await each.query(`DROP OWNED BY ${role} CASCADE`)
  }
  await client.query(`DROP ROLE ${analyst}, ${worker}, ${owner}`)
})

/** The SQL block of docs/store.md that begins with the comment `title`, with names of this test's roles and database. */
function documented(title: string, database = url): string {
  const page = readFileSync(new URL('../docs/store.md', import.meta.url), 'utf8')
  const text = page.split(`\`\`\`sql\n-- ${title}\n`)[1]?.split('```')[0] as string
  return text
    .replaceAll('headgate_owner', owner)
    .replaceAll('analyst', analyst)
    .replaceAll('warehouse', pg.escapeIdentifier(new URL(database).pathname.slice(1)))
}

async function expectWorkerRights(db: pg.Client): Promise<void> {
  await db.query(`SET ROLE ${worker}`)
  expect(await migrate(db)).toEqual([])
  const run = await plannedRun(db)
  const slice = await claimed(db, run.id)
  await db.query('BEGIN')
  await lockSlice(db, slice)
  await quarantineRecords(db, { run: run.id, pipeline: run.pipeline, slice: 0, input: 0, name: 'f' }, [rejectedRecord(1)])
  await recordBatch(db, loadedBatch(slice, 1))
  await advanceSlice(db, slice, { position: 1, records: 1, done: true })
  await db.query('COMMIT')
  expect((await listQuarantine(db, { limit: 1 })).items).toHaveLength(1)
  await db.query('CREATE TABLE headgate_stage.run_1 (); DROP TABLE headgate_stage.run_1')
  await expect(db.query('DROP TABLE headgate.batch')).rejects.toMatchObject({ code: '42501' })
  await expect(db.query('DELETE FROM headgate.migration')).rejects.toMatchObject({ code: '42501' })
  await expect(db.query(`INSERT INTO headgate.tenant VALUES ('${worker}', 'more')`)).rejects.toMatchObject({ code: '42501' })
}

it('works with the two documented roles: one migrates, the other loads and cannot change the schema', async () => {
  await client.query(documented('before the first migration'))
  await client.query(`SET ROLE ${owner}`)
  await migrate(client)
  await inTransaction(client, (tx) => admitTenant(tx, { namespace: '*', role: worker, schemas: [], createSchemas: false }))
  await expectWorkerRights(client)
})

it('keeps the rights of a role that were granted before tenants existed', async () => {
  const db = older.client
  await db.query(documented('before the first migration', older.url))
  await db.query(`SET ROLE ${owner}; CREATE SCHEMA headgate; CREATE TABLE headgate.migration (id serial PRIMARY KEY, name text, run_on timestamp)`)
  const folder = new URL('./migrations/', import.meta.url)
  for (const file of readdirSync(folder)
    .filter((name) => name < '0006')
    .sort()) {
    await db.query(readFileSync(new URL(file, folder), 'utf8'))
    await db.query('INSERT INTO headgate.migration (name, run_on) VALUES ($1, now())', [file.slice(0, -'.sql'.length)])
  }
  await db.query(`
    GRANT USAGE ON SCHEMA headgate TO ${worker};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA headgate TO ${worker};
    REVOKE INSERT, UPDATE, DELETE ON headgate.migration FROM ${worker};
    ALTER DEFAULT PRIVILEGES IN SCHEMA headgate GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${worker}`)
  await migrate(db)
  expect((await db.query('SELECT * FROM headgate.tenant')).rows).toEqual([{ role: worker, namespace: '*' }])
  await expectWorkerRights(db)
})

it('lets an analyst role, set up as documented, read the runs of its namespace and nothing else', async () => {
  await client.query(`RESET ROLE; SET ROLE ${owner}`)
  for (const pipeline of ['sales/orders', 'finance/orders']) await plannedRun(client, { pipeline })
  await client.query(documented('for people who look at the runs of sales'))
  await client.query(`SET ROLE ${analyst}`)
  expect((await client.query('SELECT pipeline FROM headgate.run_summary')).rows).toEqual([{ pipeline: 'sales/orders' }])
  await expect(client.query('SELECT FROM headgate.quarantine')).rejects.toMatchObject({ code: '42501' })
  await expect(client.query('DELETE FROM headgate.run')).rejects.toMatchObject({ code: '42501' })
})
