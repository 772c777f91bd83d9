import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { claimed, freshStore, loadedBatch, plannedRun, specFor } from '../test/support/store.ts'
import { recordBatch, sliceTotals } from './ledger.ts'
import { cancelRun, createRun, findOrCreateRun, findRun } from './runs.ts'
import { sessionName, terminateConnections } from './sessions.ts'
import { claimSlice, leases, lockSlice, renewLeases } from './slices.ts'

const { client, connect } = await freshStore()
// Short, because no lease counts as expired until the server has been up for the length of a lease.
const leaseMilliseconds = 300

async function expiredWorkers(run: number): Promise<string[]> {
  return (await leases(client, run)).filter(({ expired }) => expired).map(({ worker }) => worker)
}

it('reports a worker as expired, by the database’s clock, if it does not renew its lease', async () => {
  const run = await plannedRun(client, { slices: 3 })
  for (const worker of ['dead', 'renewing']) await claimSlice(client, { run: run.id, worker, lapsed: [], leaseMilliseconds })
  await claimSlice(client, { run: run.id, worker: 'patient', lapsed: [] })
  expect(await expiredWorkers(run.id)).toEqual([])
  await expect
    .poll(async () => {
      await renewLeases(client, run.id, 'renewing')
      return expiredWorkers(run.id)
    })
    .toEqual(['dead'])
})

it('renews a lease while a commit holds the slice locked, and returns the state of the run', async () => {
  const run = await plannedRun(client)
  const committing = await connect()
  const slice = await claimSlice(client, { run: run.id, worker: 'w', lapsed: [], leaseMilliseconds })
  await committing.query('BEGIN')
  await lockSlice(committing, slice as NonNullable<typeof slice>)
  await expect.poll(() => expiredWorkers(run.id)).toEqual(['w'])
  expect(await renewLeases(client, run.id, 'w')).toBe('Running')
  expect(await expiredWorkers(run.id)).toEqual([])
  await committing.query('ROLLBACK')
  await cancelRun(client, run.id)
  expect(await renewLeases(client, run.id, 'w')).toBe('Cancelled')
})

it('never reports a claim of an older version as expired', async () => {
  const run = await plannedRun(client)
  await claimed(client, run.id, 'old')
  await client.query('DELETE FROM headgate.worker WHERE run = $1', [run.id])
  await sleep(leaseMilliseconds)
  expect(await expiredWorkers(run.id)).toEqual([])
})

it('sums the batches of a slice, whichever worker committed them', async () => {
  const run = await plannedRun(client)
  const slice = await claimed(client, run.id)
  await recordBatch(client, { ...loadedBatch(slice, 5), firstOrder: 10, lastOrder: 90 })
  await recordBatch(client, { ...loadedBatch(slice, 3), ordinal: 1, firstOrder: 100, lastOrder: 150 })
  expect(await sliceTotals(client, run.id, slice.ordinal)).toMatchObject({ counts: { read: 8, loaded: 8 }, bytes: 130 })
})

it('terminates the connections of a dead worker and no others', async () => {
  const [dead, living] = [await connect(), await connect()]
  await dead.query(`SET application_name = '${sessionName('pod-1/1a2b3c4d', 'sales/orders')}'`)
  await living.query(`SET application_name = '${sessionName('pod-1/4d3c2b1a', 'sales/orders')}'`)
  dead.on('error', () => {})
  const ended = new Promise((resolve) => dead.once('end', resolve))
  await terminateConnections(client, ['pod-1/1a2b3c4d'])
  await ended
  await expect(dead.query('SELECT 1')).rejects.toThrow()
  expect((await living.query('SELECT 1')).rowCount).toBe(1)
})

const declared = { pipeline: 'sales/orders', spec: specFor('t'), workers: 4, batchSize: 100 }

it('lets all workers of a run find the row that one of them creates', async () => {
  const clients = await Promise.all(Array.from({ length: 6 }, () => connect()))
  const interval = { start: new Date('2026-03-01T00:00:00Z'), end: new Date('2026-03-02T00:00:00Z') }
  const declaration = { ...declared, name: 'sales/orders-1', uid: 'u1', params: { region: 'north' }, interval }
  const runs = await Promise.all(clients.map((db) => findOrCreateRun(db, declaration)))
  expect(new Set(runs.map(({ id }) => id)).size).toBe(1)
  expect(await findRun(client, declaration.name)).toMatchObject({ uid: 'u1', params: { region: 'north' }, interval })
})

it.each([
  { what: 'another object', uid: 'u1', says: 'uid u1' },
  { what: 'no object', uid: undefined, says: 'created outside the cluster' },
])('refuses a name that is taken by a run of $what', async ({ uid, says }) => {
  const name = `sales/taken-by-${uid}`
  await createRun(client, { ...declared, name, uid })
  await expect(findOrCreateRun(client, { ...declared, name, uid: 'u2' })).rejects.toMatchObject({ code: 'RunExists', message: expect.stringContaining(says) })
})
