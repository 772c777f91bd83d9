import { expect, it } from 'vitest'
import { freshStore, plannedRun, specFor } from '../test/support/store.ts'
import { enrol, othersMayPlan, withdraw } from './planner.ts'
import { createRun, startRun } from './runs.ts'

const { client, connect } = await freshStore()
let runs = 0

async function unplannedRun(...workers: string[]): Promise<number> {
  const name = `unplanned-${++runs}`
  const { id } = await createRun(client, { name, pipeline: name, spec: specFor('t'), workers: 2, batchSize: 1 })
  await startRun(client, id)
  for (const worker of workers) await enrol(client, { run: id, worker: `${name}/${worker}`, leaseMilliseconds: 60_000 })
  return id
}

it('lets of several workers all withdraw but the last, if they do at once', async () => {
  const names = ['a', 'b', 'c', 'd']
  const run = await unplannedRun(...names)
  const withdrawn = names.map(async (name) => {
    const db = await connect()
    await db.query('BEGIN')
    const may = await withdraw(db, { run, worker: `unplanned-${runs}/${name}` })
    await db.query('COMMIT')
    return may
  })
  expect((await Promise.all(withdrawn)).toSorted()).toEqual([false, true, true, true])
})

it('does not count on a worker that gives no sign of life', async () => {
  const run = await unplannedRun('alive', 'silent')
  const worker = `unplanned-${runs}/alive`
  expect(await othersMayPlan(client, { run, worker })).toBe(true)
  // As the row of a server that has been up for longer than the lease.
  await client.query(`UPDATE headgate.worker SET lease = '0 s', alive_until = clock_timestamp() WHERE name = $1`, [`unplanned-${runs}/silent`])
  expect(await othersMayPlan(client, { run, worker })).toBe(false)
  expect(await withdraw(client, { run, worker })).toBe(false)
})

it('counts on nobody once the run is planned', async () => {
  const { id } = await plannedRun(client)
  expect(await withdraw(client, { run: id, worker: 'late' })).toBe(true)
})
