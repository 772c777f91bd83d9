// What a worker process does not do, whoever asks: a snapshot that the operator did not write, code from outside of the image, a cancel
// flag of another tenant.
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { redisKeys } from '../../crds/wire/redis-keys.ts'
import { hashOf } from '../../operator/controllers/run/snapshot.ts'
import { migrate } from '../../store/migrate.ts'
import { freshDatabase } from '../support/database.ts'
import { freshRedis } from '../support/redis.ts'
import { ClusterRun } from '../workers/pod.ts'

const database = await freshDatabase()
const redis = await freshRedis()
const marker = join(tmpdir(), `headgate-plugin-ran-${process.pid}`)
const evil = `import { writeFileSync } from 'node:fs'
writeFileSync(${JSON.stringify(marker)}, 'ran')
export default class {}`

test('A snapshot with another hash than the Job names is not run, and nothing is written to the store', async () => {
  await migrate(database.client)
  const run = new ClusterRun(database)
  const ended = await run.start({ snapshotHash: hashOf('what the operator wrote') }).ended
  expect(ended).toMatchObject({ code: 65, report: { state: 'Failed', failure: { code: 'InvalidConfig' } } })
  expect(ended.report?.failure?.message).toContain('its content is not what the operator wrote')
  expect(await run.row()).toBeUndefined()
})

test('The snapshot that the operator recorded is run', async () => {
  const run = new ClusterRun(database)
  await run.createTable(0)
  expect(await run.start({ snapshotHash: hashOf(JSON.stringify(run.snapshot)), pluginFolder: '/app' }).ended).toMatchObject({ code: 0 })
  await run.expectComplete()
})

test.each([
  ['./evil.mjs', 'of the volume'],
  [`data:text/javascript,${encodeURIComponent(evil)}`, 'in a URL'],
])('A module %# %s is not loaded where only those of the image are allowed', async (module) => {
  const run = new ClusterRun(database, (spec) => {
    spec.validators = [{ plugin: { module } }]
  })
  await run.createTable(0)
  run.write('evil.mjs', evil)
  expect(await run.start({ pluginFolder: '/app' }).ended).toMatchObject({ code: 65, report: { failure: { code: 'InvalidPlugin' } } })
  expect(existsSync(marker)).toBe(false)
})

test('A module named only by the row in the store is not loaded', async () => {
  const run = new ClusterRun(database)
  await run.createTable(0)
  run.write('evil.mjs', evil)
  const spec = { ...run.snapshot.pipeline.spec, validators: [{ plugin: { module: './evil.mjs' } }] }
  await database.client.query(
    `INSERT INTO headgate.run (name, pipeline, uid, spec, spec_hash, workers, batch_size) VALUES ($1, 'sales/orders', $2, $3, '', 1, 50)`,
    [run.name, run.snapshot.uid, JSON.stringify(spec)],
  )
  expect(await run.start({ pluginFolder: '/app' }).ended).toMatchObject({ code: 65, report: { failure: { code: 'InvalidPlugin' } } })
  expect(existsSync(marker)).toBe(false)
})

test('A cancel flag without the run’s token is ignored, by stopping workers as well', async () => {
  const run = new ClusterRun({ ...database, redisUrl: redis.url })
  await run.createTable(0.05)
  await redis.client.set(redisKeys.cancel(run.name), 'requested')
  const pod = run.start()
  await run.atBatch(2)
  pod.signal('SIGTERM')
  expect((await pod.ended).report?.state).toBe('Running')
  expect(await run.start().ended).toMatchObject({ code: 0, report: { state: 'Succeeded' } })
  await run.expectComplete()
})
