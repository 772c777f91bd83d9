import { expect, it } from 'vitest'
import { freshStore, plannedRun, specFor } from '../test/support/store.ts'
import { hasOtherCandidates, registerCandidate, withdraw } from './planner.ts'
import { createRun, startRun } from './runs.ts'

const { client, connect } = await freshStore()
let runs = 0

async function unplannedRun(...workers: string[]): Promise<number> {
  const name = `unplanned-${++runs}`
  const { id } = await createRun(client, { name, pipeline: name, spec: specFor('t'), workers: 2, batchSize: 1 })
  await startRun(client, id)
  for (const worker of workers) await registerCandidate(client, { run: id, worker: `${name}/${worker}`, leaseMilliseconds: 60_000 })
  return id
}

it('lets all workers but one withdraw when they withdraw at the same time', async () => {
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

it('does not count a worker whose lease has expired as a candidate', async () => {
  const run = await unplannedRun('alive', 'silent')
  const worker = `unplanned-${runs}/alive`
  expect(await hasOtherCandidates(client, { run, worker })).toBe(true)
  // A lease of 0 s, because no lease counts as expired until the server has been up for the length of the lease.
  await client.query(`UPDATE headgate.worker SET lease = '0 s', alive_until = clock_timestamp() WHERE name = $1`, [`unplanned-${runs}/silent`])
  expect(await hasOtherCandidates(client, { run, worker })).toBe(false)
  expect(await withdraw(client, { run, worker })).toBe(false)
})

it('lets every worker withdraw once the run is planned', async () => {
  const { id } = await plannedRun(client)
  expect(await withdraw(client, { run: id, worker: 'late' })).toBe(true)
})
