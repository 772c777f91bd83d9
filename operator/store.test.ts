import { afterAll, describe, expect, test, vi } from 'vitest'
import { noCounts } from '../store/counts.ts'
import { recordBatch } from '../store/ledger.ts'
import { cancelRun, createRun, findRun, startRun } from '../store/runs.ts'
import { advanceSlice, planSlices } from '../store/slices.ts'
import { claimed, freshStore, loadedBatch, specFor } from '../test/support/store.ts'
import { openStore } from './store.ts'

const database = await freshStore()
const { client } = database
const store = openStore(database.url, () => {})
afterAll(() => store.close())

/** A run with two inputs, of which one is read. */
async function halfDone(name: string): Promise<number> {
  const run = await createRun(client, { name, uid: `uid-${name}`, pipeline: 'sales/orders', spec: specFor('public.t'), workers: 1, batchSize: 100 })
  await startRun(client, run.id)
  await planSlices(
    client,
    run.id,
    [0, 1].map((input) => ({ input, name: `${input}.csv`, spec: {}, bytes: 10 })),
  )
  const slice = await claimed(client, run.id)
  await recordBatch(client, loadedBatch(slice, 40))
  await advanceSlice(client, slice, { position: 1, records: 40, done: true })
  return run.id
}

const of = (name: string, uid = `uid-${name}`) => ({ name, uid })

describe('the state of a run in the store', () => {
  test('comes from the ledger during the run', async () => {
    await halfDone('sales/orders-1')
    expect(await store.findTotals(of('sales/orders-1'))).toMatchObject({
      state: 'Running',
      records: { ...noCounts, read: 40, loaded: 40 },
      slices: { total: 2, done: 1 },
    })
  })

  test('is undefined for an unknown run, or one of another object', async () => {
    expect(await store.findTotals(of('sales/none'))).toBeUndefined()
    expect(await store.findTotals(of('sales/orders-1', 'another'))).toBeUndefined()
  })

  test('can be read for many runs at once', async () => {
    const found = await store.read(['sales/orders-1', 'sales/none'])
    expect([...found]).toEqual([['sales/orders-1', { records: { ...noCounts, read: 40, loaded: 40 }, slices: { total: 2, done: 1 } }]])
  })
})

describe('a run without workers', () => {
  test.each([
    ['Cancelled', undefined],
    ['Failed', { code: 'JobLost', message: 'its Job is gone', retryable: true }],
  ] as const)('ends as %s, with what it had done', async (state, failure) => {
    const name = `sales/ends-${state}`
    await halfDone(name)
    await store.end(of(name), state, failure)
    const ended = await store.findTotals(of(name))
    expect(ended).toMatchObject({ state, records: { read: 40 }, ...(failure && { failure }) })
    expect(ended?.failure).toEqual(failure)
  })

  test('keeps the end that it had, and a run of another object is not changed', async () => {
    const id = await halfDone('sales/ended')
    await store.end(of('sales/ended', 'another'), 'Cancelled')
    expect((await findRun(client, 'sales/ended'))?.state).toBe('Running')
    await cancelRun(client, id)
    await store.end(of('sales/ended'), 'Failed', { code: 'JobLost', message: 'its Job is gone' })
    expect((await findRun(client, 'sales/ended'))?.state).toBe('Cancelled')
  })
})

test('prune deletes rows older than the given times', async () => {
  const long = new Date(Date.now() + 3_600_000)
  const kept = (await store.read(['sales/orders-1', 'sales/ends-Cancelled', 'sales/ends-Failed', 'sales/ended'])).size
  expect(kept).toBe(4)
  expect(await store.prune('sales/orders', { runs: new Date(0), quarantine: new Date(0) })).toEqual({ runs: 0, quarantine: 0 })
  expect(await store.prune('sales/orders', { runs: long, quarantine: long })).toEqual({ runs: 2, quarantine: 0 })
})

test('an unreachable store is an error, and later calls connect again', async () => {
  const away = openStore('postgresql://nobody@127.0.0.1:1/x', () => {})
  await expect(away.findTotals(of('x'))).rejects.toThrow('ECONNREFUSED')
  await expect(away.prepare([])).rejects.toThrow('ECONNREFUSED')
  await away.close()
})

test('connections that the server closes are reported and replaced', async () => {
  const onProblem = vi.fn()
  const other = openStore(database.url, onProblem)
  await other.findTotals(of('x'))
  await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'headgate operator' AND datname = current_database()`)
  await vi.waitFor(() => expect(onProblem).toHaveBeenCalled(), { timeout: 10_000 })
  expect(await other.findTotals(of('x'))).toBeUndefined()
  await other.close()
})
