import type pg from 'pg'
import { expect, it } from 'vitest'
import { freshDatabase } from '../test/support/database.ts'
import { migrate } from './migrate.ts'

const { url, client } = await freshDatabase()

it('applies each migration once when two processes migrate an empty database at once', async () => {
  const applied = await Promise.all([migrate(url), migrate(url)])
  const migrations = [
    '0001_runs',
    '0002_quarantine',
    '0003_cluster',
    '0004_retention',
    '0005_destinations',
    '0006_tenants',
    '0007_values',
    '0008_lifecycle',
    '0009_least_record_bytes',
    '0010_accepted_keys',
    '0011_packed_slices',
    '0012_evidence',
    '0013_derived',
    '0014_observed',
  ]
  expect(applied.flat().sort()).toEqual(migrations)
  const { rows } = await client.query('SELECT name FROM headgate.migration ORDER BY name')
  expect(rows.map((row) => row.name)).toEqual(migrations)
})

it('runs a single query if no migration is pending', async () => {
  const statements: string[] = []
  const spy = {
    query: (text: string) => {
      statements.push(text)
      return client.query(text)
    },
  }
  expect(await migrate(spy as unknown as pg.ClientBase)).toEqual([])
  expect(statements).toHaveLength(1)
})

it('does not change a store that a newer version has migrated further', async () => {
  await client.query(`INSERT INTO headgate.migration (name, run_on) VALUES ('9999_later', now())`)
  expect(await migrate(url)).toEqual([])
})

it('names the role that must migrate the store or admit this role, and reports the error as retryable', async () => {
  const role = `worker_${url.split('/').at(-1)}`
  await client.query(`CREATE ROLE ${role} LOGIN; SET ROLE ${role}`)
  await expect(migrate(client)).rejects.toMatchObject({ code: 'StoreNotMigrated', retryable: true, message: expect.stringContaining('headgate store tenant') })
  await client.query(`RESET ROLE; GRANT USAGE ON SCHEMA headgate TO ${role}; GRANT SELECT ON headgate.migration TO ${role}`)
  await client.query(`DELETE FROM headgate.migration WHERE name <> '0001_runs'`)
  await client.query(`SET ROLE ${role}`)
  await expect(migrate(client)).rejects.toMatchObject({ code: 'StoreNotMigrated', retryable: true, message: expect.stringContaining('owning role') })
  await client.query(`RESET ROLE; DROP OWNED BY ${role}; DROP ROLE ${role}`)
})
