import { expect, it } from 'vitest'
import type { RunSnapshot } from '../../crds/wire/snapshot.ts'
import { StoreSession } from '../../store/session.ts'
import { admitTenant } from '../../store/tenants.ts'
import { inTransaction } from '../../test/support/loading.ts'
import { specFor } from '../../test/support/store.ts'
import { freshTenants } from '../../test/support/tenants.ts'
import { openRun } from './open-run.ts'

const { admin, owner, a } = await freshTenants()

const snapshot: RunSnapshot = {
  name: 'early',
  namespace: a.namespace,
  uid: 'u1',
  pipeline: { apiVersion: 'headgate.dev/v1alpha1', kind: 'Pipeline', metadata: { name: 'orders', namespace: a.namespace }, spec: specFor('tenant_a.orders') },
  params: {},
  createdAt: '2026-03-01T00:00:00Z',
}

it.each([
  {
    what: 'its role is admitted',
    before: `REVOKE ALL ON SCHEMA headgate FROM ${a.role}`,
    meanwhile: () => inTransaction(owner.client, (tx) => admitTenant(tx, { namespace: a.namespace, role: a.role, schemas: [], createSchemas: false })),
  },
  {
    what: 'the operator has migrated the store',
    before: `DELETE FROM headgate.migration WHERE name = '0006_tenants'`,
    meanwhile: () => owner.client.query(`INSERT INTO headgate.migration (name, run_on) VALUES ('0006_tenants', now())`),
  },
])('a worker that may not migrate waits until $what', async ({ before, meanwhile }) => {
  await admin.query(before)
  const session = new StoreSession(a.url, 'headgate test')
  const waited: string[] = []
  const onRetry = ({ code }: { code: string }) => {
    if (waited.push(code) === 2) void meanwhile()
  }
  const policy = { limit: 100, initialMilliseconds: 20, maxMilliseconds: 50 }
  expect(await openRun(snapshot, session, a.url, { policy, signal: new AbortController().signal, onRetry })).toMatchObject({ state: 'Running' })
  expect(new Set(waited)).toEqual(new Set(['StoreNotMigrated']))
  await session.close()
})
