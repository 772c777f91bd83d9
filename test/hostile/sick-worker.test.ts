// A pod whose volume is not mounted: its folder is empty, while the other pods have the files.
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { migrate } from '../../store/migrate.ts'
import { freshDatabase } from '../support/database.ts'
import { ClusterRun, files } from '../workers/pod.ts'

const database = await freshDatabase()
await migrate(database.client)
const empty = mkdtempSync(join(tmpdir(), 'headgate-unmounted-'))
afterAll(() => rmSync(empty, { recursive: true }))

function run(more: { workers?: number; limit?: number; paths?: string[] } = {}): ClusterRun {
  const { workers = 1, limit = 2, paths } = more
  return new ClusterRun(database, (spec) => {
    spec.workers = workers
    spec.retry = { limit, backoff: { initial: '20ms', max: '500ms' } }
    if (paths !== undefined) spec.source = { files: { paths } }
  })
}

const everyFile = Array.from({ length: files }, (_, file) => `part-${file}.csv`)

test('A pod without the files releases its slice and exits; the others complete the run', async () => {
  const subject = run()
  await subject.createTable(0.1)
  const sound = subject.start()
  await subject.atBatch(1)
  const sick = await subject.start({ folder: empty }).ended
  expect(sick).toMatchObject({ code: 1, report: { state: 'Running' }, log: expect.stringMatching(/SourceUnavailable: part-\d.csv .*WorkerUnfit: /s) })
  expect((await sound.ended).code).toBe(0)
  await subject.expectComplete()
})

test('If no pod has the files the run fails, and can be resumed when one has them', async () => {
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

/** A mount in which only the first of the run's files is. */
function halfEmpty(run: ClusterRun): string {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-unmounted-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  symlinkSync(join(run.folder, 'part-0.csv'), join(folder, 'part-0.csv'))
  return folder
}

test.each([
  { what: 'an empty folder', paths: undefined, mount: () => empty },
  { what: 'a folder with one of the files', paths: everyFile, mount: halfEmpty },
])('A pod with $what that is the first to plan leaves the planning to the others', async ({ paths, mount }) => {
  const subject = run({ workers: 2, limit: 100, ...(paths !== undefined && { paths }) })
  await subject.createTable(0)
  const sick = subject.start({ folder: mount(subject) })
  await expect.poll(() => sick.log(), { timeout: 20_000 }).toMatch(/SourceNotFound: no file matches part-.*; retrying in/)
  expect((await subject.start().ended).code).toBe(0)
  expect((await sick.ended).report).toMatchObject({ state: 'Succeeded' })
  await subject.expectComplete()
})

test('If no pod finds a file the run fails for that reason, however many pods there are', async () => {
  const subject = run({ workers: 3 })
  await subject.createTable(0)
  const ended = await Promise.all(Array.from({ length: 3 }, () => subject.start({ folder: empty }).ended))
  for (const { code, report } of ended) {
    expect(code).toBe(65)
    const failure = { code: 'SourceNotFound', message: expect.stringMatching(/^no file matches part-\*\.csv in /), retryable: false }
    expect(report).toMatchObject({ state: 'Failed', failure })
  }
})

test('The only pod of a run fails it at once if it finds no file', async () => {
  const subject = run({ limit: 100 })
  const { code, log } = await subject.start({ folder: empty }).ended
  expect(code).toBe(65)
  expect(log).toMatch(/Failed: .*SourceNotFound: no file matches/)
  expect(log).not.toContain('retrying in')
})
