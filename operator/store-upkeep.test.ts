import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { freshTenants } from '../test/support/tenants.ts'
import { fakeClock } from './kubernetes/testing/clock.ts'
import { openStore } from './store.ts'
import { keepStore, type Prepared, readTenants } from './store-upkeep.ts'

const { owner, a, b } = await freshTenants()
const folder = mkdtempSync(join(tmpdir(), 'headgate-tenants-'))
const tenantsFile = join(folder, 'tenants.json')
const store = openStore(owner.url, () => {})
const stop = new AbortController()
const prepared: Prepared[] = []
const troubles: unknown[] = []
const clock = fakeClock()
const tenantOf = ({ namespace, role }: typeof a) => ({ namespace, role, password: 'pw' })

function declare(...tenants: unknown[]): void {
  writeFileSync(tenantsFile, JSON.stringify(tenants))
}

afterAll(async () => {
  stop.abort()
  await store.close()
  rmSync(folder, { recursive: true })
})

test('the store is created, recreated when the database was lost, and tenants declared later are admitted', async () => {
  await owner.client.query('DROP SCHEMA headgate CASCADE')
  declare(tenantOf(a))
  const done = keepStore({ store, tenantsFile, clock, onPrepared: (what) => prepared.push(what), report: (_, error) => troubles.push(error) }, stop.signal)
  const migrated = expect.arrayContaining(['0001_runs', '0006_tenants'])
  await expect.poll(() => prepared).toEqual([{ applied: migrated, admitted: [a.role] }])

  await owner.client.query('DROP SCHEMA headgate CASCADE')
  await vi.waitFor(async () => {
    await clock.advance(60_000)
    expect(prepared).toEqual([
      { applied: migrated, admitted: [a.role] },
      { applied: migrated, admitted: [a.role] },
    ])
  })

  declare(tenantOf(a), { namespace: 'no role' })
  await vi.waitFor(async () => {
    await clock.advance(60_000)
    expect(troubles).toContainEqual(expect.objectContaining({ code: 'InvalidConfig' }))
  })
  declare(tenantOf(a), tenantOf(b))
  await vi.waitFor(async () => {
    await clock.advance(60_000)
    expect(prepared.slice(2)).toEqual([{ applied: [], admitted: [b.role] }])
  })
  stop.abort()
  await done
})

test.each([['not JSON'], ['{}'], ['[{"namespace": "a"}]'], ['[{"namespace": "a", "role": 1, "password": ""}]'], ['null']])(
  '%s is no list of tenants',
  (text) => {
    writeFileSync(tenantsFile, text)
    expect(() => readTenants(tenantsFile)).toThrow(expect.objectContaining({ code: 'InvalidConfig' }))
  },
)

test('without a file there are none', () => {
  expect(readTenants(undefined)).toEqual([])
})
