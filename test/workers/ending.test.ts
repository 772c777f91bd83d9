// How workers begin and end: racing for the run's row, waiting for the store, asked to stop, cancelled, failed.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { redisKeys } from '../../crds/wire/redis-keys.ts'
import { migrate } from '../../store/migrate.ts'
import { cancelRun } from '../../store/runs.ts'
import { freshDatabase } from '../support/database.ts'
import { freshRedis } from '../support/redis.ts'
import { ClusterRun, files, recordsPerFile } from './pod.ts'

const database = await freshDatabase()
const redis = await freshRedis()
const withRedis = { ...database, redisUrl: redis.url }

test('Workers that start at once on an empty database migrate it, create one run, and all report its totals', async () => {
  const run = new ClusterRun(withRedis)
  await run.createTable(0)
  const ended = await Promise.all([run.start(), run.start(), run.start()].map((pod) => pod.ended))
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])
  const records = files * recordsPerFile
  for (const { report } of ended) {
    expect(report).toMatchObject({ state: 'Succeeded', records: { read: records, loaded: records, quarantined: 0 }, slices: { total: files, done: files } })
    expect(Number.isInteger(report?.timings.loadMs) && Number.isInteger(report?.throughput)).toBe(true)
  }
  expect(await run.row()).toMatchObject({ uid: run.snapshot.uid, params: { region: 'north' }, pipeline: 'sales/orders' })
  await run.expectComplete()
  const late = await run.start().ended
  expect(late).toMatchObject({ code: 0, report: { state: 'Succeeded', records: { read: records } } })
})

test('A name that another object’s run has fails with what to do', async () => {
  await migrate(database.client)
  const run = new ClusterRun(database)
  const { rows } = await database.client.query(
    `INSERT INTO headgate.run (name, pipeline, uid, spec, spec_hash, workers, batch_size) VALUES ($1, 'sales/orders', 'older', '{}', '', 1, 1) RETURNING id`,
    [run.name],
  )
  const { code, report } = await run.start().ended
  expect(code).toBe(65)
  expect(report).toMatchObject({ state: 'Failed', failure: { code: 'RunExists', message: expect.stringContaining('another name'), retryable: false } })
  await cancelRun(database.client, Number(rows[0]?.id))
})

test('A worker that is asked to stop releases its slice at once; another resumes it', async () => {
  const run = new ClusterRun(database)
  await run.createTable(0.1)
  const leaving = run.start()
  await run.atBatch(3)
  leaving.signal('SIGTERM')
  const { code, report } = await leaving.ended
  expect(code).toBe(1)
  expect(await run.held(leaving)).toEqual([])
  const batches = await run.batches()
  expect(report).toMatchObject({ state: 'Running', records: { read: batches * 50 }, slices: { total: files } })
  expect(batches).toBeLessThan(12)
  expect((await run.start().ended).code).toBe(0)
  await run.expectComplete()
})

test('A worker whose source does not respond stops when asked to', async () => {
  const run = new ClusterRun(database, (spec) => {
    spec.source = { plugin: { module: './stuck.ts', export: 'Stuck' } }
  })
  await run.createTable(0)
  run.write(
    'stuck.ts',
    `import { RecordExtractor } from '${join(import.meta.dirname, '../../sdk/index.ts')}'
    export class Stuck extends RecordExtractor {
      async *records() {
        for (let id = 0; id < 60; id++) yield { id: String(id), name: 'x' }
        await new Promise((resolve) => setTimeout(resolve, 600_000))
      }
    }`,
  )
  const pod = run.start()
  await run.atBatch(1)
  await expect.poll(() => run.held(pod)).toEqual([0])
  pod.signal('SIGTERM')
  expect(await pod.ended).toMatchObject({ code: 1, report: { state: 'Running', records: { read: 50 } } })
  expect(await run.held(pod)).toEqual([])
})

test.each([
  { how: 'in Redis', site: withRedis, cancel: (run: ClusterRun) => redis.client.set(redisKeys.cancel(run.name), run.snapshot.cancelToken ?? '') },
  {
    how: 'in Redis as its pods are asked to stop',
    site: withRedis,
    cancel: async (run: ClusterRun, stop: () => void) => {
      await redis.client.set(redisKeys.cancel(run.name), run.snapshot.cancelToken ?? '')
      stop()
    },
  },
  { how: 'in the store', site: database, cancel: async (run: ClusterRun) => cancelRun(database.client, Number((await run.row())?.id)) },
])('A run that is cancelled $how ends as Cancelled, and nothing staged is left', async ({ site, cancel }) => {
  const run = new ClusterRun(site, (spec) => {
    spec.destination.postgres = { ...spec.destination.postgres, table: spec.destination.postgres?.table ?? '', publish: 'PerRun' }
  })
  await run.createTable(0)
  // The rows are staged; what is slow is the ledger.
  await database.client.query(`
    CREATE OR REPLACE FUNCTION slow_ledger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.1); RETURN NEW; END';
    CREATE OR REPLACE TRIGGER slow BEFORE INSERT ON headgate.batch FOR EACH ROW EXECUTE FUNCTION slow_ledger()`)
  const pods = [run.start(), run.start()]
  await run.atBatch(4)
  await cancel(run, () => {
    for (const pod of pods) pod.signal('SIGTERM')
  })
  const ended = await Promise.all(pods.map((pod) => pod.ended))
  await database.client.query('DROP TRIGGER slow ON headgate.batch')
  expect(ended.map(({ code, report }) => ({ code, state: report?.state }))).toEqual(pods.map(() => ({ code: 70, state: 'Cancelled' })))
  expect(await run.row()).toMatchObject({ state: 'Cancelled', failure: null })
  const { rows } = await database.client.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'headgate_stage'`)
  expect(rows).toEqual([])
  expect((await run.start().ended).code).toBe(70)
})

test('The params of a PipelineRun replace placeholders in paths; a missing one ends the run with the reason', async () => {
  const run = new ClusterRun(database, (spec) => {
    spec.source = { files: { paths: ['{{ params.region }}/*.csv'] } }
  })
  await run.createTable(0)
  run.write('north/one.csv', 'id,name\n1,a\n')
  run.write('south/two.csv', 'id,name\n2,b\n')
  expect(await run.start().ended).toMatchObject({ code: 0, report: { state: 'Succeeded', records: { read: 1, loaded: 1 } } })
  const other = new ClusterRun(database, (spec) => {
    spec.source = { files: { paths: ['{{ params.country }}/*.csv'] } }
  })
  await other.createTable(0)
  const { code, report } = await other.start().ended
  expect(code).toBe(65)
  expect(report).toMatchObject({
    state: 'Failed',
    failure: { code: 'InvalidParams', message: expect.stringContaining('only the params region'), retryable: false },
  })
})

test('A run that cannot succeed ends all workers with 65 and the reason', async () => {
  const run = new ClusterRun(database, (spec) => {
    spec.quality = { minRecords: 1_000_000 }
  })
  await run.createTable(0)
  const ended = await Promise.all([run.start(), run.start()].map((pod) => pod.ended))
  for (const { code, report } of ended) {
    expect(code).toBe(65)
    expect(report).toMatchObject({ state: 'Failed', records: { read: files * recordsPerFile }, failure: { code: 'QualityGate', retryable: false } })
  }
})

test('A worker waits for a store that is starting, and exits as retryable when that takes too long', async () => {
  const run = new ClusterRun(database)
  await run.createTable(0)
  let refused = 0
  const target = new URL(database.url)
  const gate = createServer((client) => {
    if (refused++ < 3) return client.destroy()
    const server = connect(Number(target.port), target.hostname)
    for (const socket of [client, server]) socket.on('error', () => {})
    return client.pipe(server).pipe(client)
  })
  gate.listen(0, '127.0.0.1')
  await once(gate, 'listening')
  afterAll(() => gate.close())
  const storeUrl = Object.assign(new URL(target), { port: String((gate.address() as { port: number }).port), hostname: '127.0.0.1' }).href
  const waiting = await run.start({ storeUrl }).ended
  expect(waiting.code).toBe(0)
  expect(waiting.log).toContain('StoreUnavailable')
  await run.expectComplete()

  const hopeless = new ClusterRun(database, (spec) => {
    spec.retry = { limit: 1, backoff: { initial: '1ms' } }
  })
  const { code, report } = await hopeless.start({ storeUrl: 'postgresql://postgres@127.0.0.1:1/x' }).ended
  expect(code).toBe(1)
  expect(report).toMatchObject({ state: 'Running', failure: { code: 'StoreUnavailable', retryable: true } })
})

test('A run with a transient failure continues with the next attempt', async () => {
  const run = new ClusterRun(database)
  await run.createTable(0.05)
  const first = run.start()
  await run.atBatch(2)
  await database.client.query(`UPDATE headgate.run SET state = 'Failed', failure = '{"code":"StoreBusy","message":"busy","retryable":true}' WHERE name = $1`, [
    run.name,
  ])
  expect(await first.ended).toMatchObject({ code: 1, report: { state: 'Failed', failure: { code: 'StoreBusy', retryable: true } } })
  expect((await run.start().ended).code).toBe(0)
  await run.expectComplete()
})
