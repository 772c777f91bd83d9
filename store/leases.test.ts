import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { claimed, freshStore, loadedBatch, plannedRun, specFor } from '../test/support/store.ts'
import { recordBatch, sliceTotals } from './ledger.ts'
import { cancelRun, createRun, findOrCreateRun, findRun } from './runs.ts'
import { endSessions, sessionName } from './sessions.ts'
import { claimSlice, leases, lockSlice, renewLeases } from './slices.ts'

const { client, connect } = await freshStore()
// Expired means as well that the server has been up for as long as a claim holds.
const leaseMilliseconds = 300

async function expiredWorkers(run: number): Promise<string[]> {
  return (await leases(client, run)).filter(({ expired }) => expired).map(({ worker }) => worker)
}

it('notices by the database’s clock that a worker gives no sign of life', async () => {
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

it('gives a sign of life during a commit, and answers how the run is', async () => {
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

it('never takes a claim of an older version for expired', async () => {
  const run = await plannedRun(client)
  await claimed(client, run.id, 'old')
  await client.query('DELETE FROM headgate.worker WHERE run = $1', [run.id])
  await sleep(leaseMilliseconds)
  expect(await expiredWorkers(run.id)).toEqual([])
})

it('sums up what others have committed of a slice', async () => {
  const run = await plannedRun(client)
  const slice = await claimed(client, run.id)
  await recordBatch(client, { ...loadedBatch(slice, 5), firstOrder: 10, lastOrder: 90 })
  await recordBatch(client, { ...loadedBatch(slice, 3), ordinal: 1, firstOrder: 100, lastOrder: 150 })
  expect(await sliceTotals(client, run.id, slice.ordinal)).toMatchObject({ counts: { read: 8, loaded: 8 }, bytes: 130 })
})

it('ends what the connections of a dead worker are doing, and nobody else’s', async () => {
  const [ghost, living] = [await connect(), await connect()]
  await ghost.query(`SET application_name = '${sessionName('pod-1/1a2b3c4d', 'sales/orders')}'`)
  await living.query(`SET application_name = '${sessionName('pod-1/4d3c2b1a', 'sales/orders')}'`)
  ghost.on('error', () => {})
  const ended = new Promise((resolve) => ghost.once('end', resolve))
  await endSessions(client, ['pod-1/1a2b3c4d'])
  await ended
  await expect(ghost.query('SELECT 1')).rejects.toThrow()
  expect((await living.query('SELECT 1')).rowCount).toBe(1)
})

const declared = { pipeline: 'sales/orders', spec: specFor('t'), workers: 4, batchSize: 100 }

it('lets all workers of a run find the row that one of them creates', async () => {
  const clients = await Promise.all(Array.from({ length: 6 }, () => connect()))
  const interval = { start: new Date('2026-03-01T00:00:00Z'), end: new Date('2026-03-02T00:00:00Z') }
  const wish = { ...declared, name: 'sales/orders-1', uid: 'u1', params: { region: 'north' }, interval }
  const runs = await Promise.all(clients.map((db) => findOrCreateRun(db, wish)))
  expect(new Set(runs.map(({ id }) => id)).size).toBe(1)
  expect(await findRun(client, wish.name)).toMatchObject({ uid: 'u1', params: { region: 'north' }, interval })
})

it.each([
  { what: 'another object', uid: 'u1', says: 'uid u1' },
  { what: 'no object', uid: undefined, says: 'nobody on this cluster' },
])('refuses a name that a run of $what has', async ({ uid, says }) => {
  const name = `sales/taken-by-${uid}`
  await createRun(client, { ...declared, name, uid })
  await expect(findOrCreateRun(client, { ...declared, name, uid: 'u2' })).rejects.toMatchObject({ code: 'RunExists', message: expect.stringContaining(says) })
})
