// A pod whose volume is not mounted: its folder is empty, while the other pods have the files.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { migrate } from '../../store/migrate.ts'
import { freshDatabase } from '../support/database.ts'
import { ClusterRun } from '../workers/pod.ts'

const database = await freshDatabase()
await migrate(database.client)
const empty = mkdtempSync(join(tmpdir(), 'headgate-unmounted-'))
afterAll(() => rmSync(empty, { recursive: true }))

function run(): ClusterRun {
  return new ClusterRun(database, (spec) => {
    spec.retry = { limit: 2, backoff: { initial: '20ms', max: '100ms' } }
  })
}

test('A pod without the files gives its slice back and leaves; the others complete the run', async () => {
  const subject = run()
  await subject.createTable(0.1)
  const sound = subject.start()
  await subject.atBatch(1)
  const sick = await subject.start({ folder: empty }).ended
  expect(sick).toMatchObject({ code: 1, report: { state: 'Running' }, log: expect.stringMatching(/SourceUnavailable: part-\d.csv .*WorkerUnfit: /s) })
  expect((await sound.ended).code).toBe(0)
  await subject.expectComplete()
})

test('If no pod has the files the run fails, and goes on when one has them', async () => {
  const subject = run()
  await subject.createTable(0.1)
  const planner = subject.start()
  await subject.atBatch(1)
  planner.signal('SIGTERM')
  await planner.ended
  const sick = await subject.start({ folder: empty }).ended
  expect(sick).toMatchObject({ code: 1, report: { state: 'Failed', failure: { code: 'SourceUnavailable', retryable: true } } })
  expect((await subject.start().ended).code).toBe(0)
  await subject.expectComplete()
})
