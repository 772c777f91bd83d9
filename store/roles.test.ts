import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, expect, it } from 'vitest'
import { freshDatabase } from '../test/support/database.ts'
import { claimed, loadedBatch, plannedRun, rejectedRecord } from '../test/support/store.ts'
import { recordBatch } from './ledger.ts'
import { migrate } from './migrate.ts'
import { quarantineRecords } from './quarantine.ts'
import { listQuarantine } from './quarantine-queries.ts'
import { advanceSlice, lockSlice } from './slices.ts'

const { client, url } = await freshDatabase()
const suffix = randomBytes(4).toString('hex')
const [owner, worker] = [`headgate_owner_${suffix}`, `headgate_worker_${suffix}`]
const statements = [
  ...readFileSync(new URL('../docs/store.md', import.meta.url), 'utf8').matchAll(/```sql\n-- (before the first migration|for workers)\n([^`]+)```/g),
]
await client.query(`CREATE ROLE ${owner}; CREATE ROLE ${worker}`)
afterAll(async () => {
  await client.query(`RESET ROLE; DROP OWNED BY ${worker}, ${owner} CASCADE; DROP ROLE ${worker}, ${owner}`)
})

function documented(title: string): string {
  const text = statements.find((match) => match[1] === title)?.[2] as string
  return text
    .replaceAll('headgate_owner', owner)
    .replaceAll('headgate_worker', worker)
    .replaceAll('warehouse', pg.escapeIdentifier(new URL(url).pathname.slice(1)))
}

it('works with the two roles as documented: one migrates, the other loads and cannot change the schema', async () => {
  await client.query(documented('before the first migration'))
  await client.query(`SET ROLE ${owner}`)
  await migrate(client)
  await client.query(documented('for workers'))
  await client.query(`SET ROLE ${worker}`)
  expect(await migrate(client)).toEqual([])
  const run = await plannedRun(client)
  const slice = await claimed(client, run.id)
  await client.query('BEGIN')
  await lockSlice(client, slice)
  await quarantineRecords(client, { run: run.id, pipeline: run.pipeline, slice: 0, input: 0, name: 'f' }, [rejectedRecord(1)])
  await recordBatch(client, loadedBatch(slice, 1))
  await advanceSlice(client, slice, { position: 1, records: 1, done: true })
  await client.query('COMMIT')
  expect(await listQuarantine(client, { limit: 1 })).toHaveLength(1)
  await expect(client.query('DROP TABLE headgate.batch')).rejects.toMatchObject({ code: '42501' })
  await expect(client.query('DELETE FROM headgate.migration')).rejects.toMatchObject({ code: '42501' })
})
