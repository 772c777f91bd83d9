import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { WorkerReport } from '../../crds/wire/worker-report.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { declaredRun, readSnapshot } from '../cluster/snapshot.ts'
import { workerConfig } from '../config.ts'
import { outcomeOfError, reportText, writeReport } from './worker-report.ts'

const folder = mkdtempSync(join(tmpdir(), 'headgate-report-'))
afterAll(() => rmSync(folder, { recursive: true }))

it.each([
  { error: new HeadgateError('StoreDenied', 'wrong password'), state: 'Failed', exitCode: 65 },
  { error: new HeadgateError('StoreUnavailable', 'no connection', { retryable: true }), state: 'Running', exitCode: 1 },
  { error: new TypeError('a defect'), state: 'Running', exitCode: 1 },
])('returns exit code $exitCode for $error', ({ error, state, exitCode }) => {
  const outcome = outcomeOfError(error)
  expect(outcome).toMatchObject({ exitCode, report: { state, failure: { message: expect.stringContaining(error.message) } } })
})

it.each([
  ['plain', 'x'.repeat(10_000)],
  ['wide', '😀'.repeat(3000)],
  ['escaped', '\u0001"\\'.repeat(2000)],
])('cuts a message that is %s so that Kubernetes keeps the whole report', (_, message) => {
  const { report } = outcomeOfError(new HeadgateError('StoreError', message))
  const text = reportText(report)
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096)
  const failure = (JSON.parse(text) as WorkerReport).failure
  expect(failure?.message.endsWith('…')).toBe(true)
  expect(failure?.message.isWellFormed()).toBe(true)
  expect(failure?.message.length).toBeGreaterThan(300)
})

it('returns a description, and does not throw, if the report cannot be written', () => {
  const { report } = outcomeOfError(new HeadgateError('StoreError', 'x'))
  expect(writeReport(join(folder, 'report'), report)).toBeUndefined()
  expect(JSON.parse(readFileSync(join(folder, 'report'), 'utf8'))).toEqual(report)
  expect(writeReport(join(folder, 'no/such/folder'), report)).toContain('cannot be written')
})

const snapshot = {
  name: 'orders-1',
  namespace: 'sales',
  uid: 'u',
  pipeline: { metadata: { name: 'orders', namespace: 'sales' }, spec: { schema: { fields: [] }, destination: {}, workers: 3 } },
  params: { region: 'north' },
  interval: { start: '2026-03-01T00:00:00Z', end: '2026-03-02T00:00:00+01:00' },
}

it('creates the row of the run from the snapshot', () => {
  const file = join(folder, 'run.json')
  writeFileSync(file, JSON.stringify(snapshot))
  expect(declaredRun(readSnapshot(file))).toMatchObject({
    name: 'sales/orders-1',
    pipeline: 'sales/orders',
    uid: 'u',
    workers: 3,
    batchSize: 50_000,
    params: { region: 'north' },
    interval: { start: new Date('2026-03-01T00:00:00Z'), end: new Date('2026-03-01T23:00:00Z') },
  })
})

it.each([
  ['is missing', undefined, 'ENOENT'],
  ['is not JSON', '{', 'cannot be read'],
  ['is another object', '{}', 'not a snapshot'],
  ['lacks the uid', JSON.stringify({ ...snapshot, uid: '' }), 'not a snapshot'],
])('refuses a snapshot that %s', (what, content, says) => {
  const file = join(folder, what.replaceAll(' ', '-'))
  if (content !== undefined) writeFileSync(file, content)
  expect(() => readSnapshot(file)).toThrow(expect.objectContaining({ code: 'InvalidConfig', message: expect.stringContaining(says) }))
})

const store = { HEADGATE_STORE_URL: 'postgresql://x' }

it.each([
  ['a local worker', { ...store, HEADGATE_RUN: 'r', HEADGATE_FOLDER: '/f' }, { mode: 'local', run: 'r', folder: '/f' }],
  [
    'a pod',
    { ...store, HEADGATE_SNAPSHOT: '/s', HEADGATE_WORKER: 'pod', HEADGATE_REDIS_URL: '' },
    { mode: 'cluster', snapshotFile: '/s', worker: 'pod', redisUrl: undefined, reportFile: '/dev/termination-log' },
  ],
])('reads the configuration of %s from the environment', (_, environment, config) => {
  expect(workerConfig(environment)).toMatchObject(config)
})

it.each([
  ['HEADGATE_STORE_URL', { HEADGATE_RUN: 'r' }],
  ['HEADGATE_RUN', store],
  ['HEADGATE_WORKER', { ...store, HEADGATE_SNAPSHOT: '/s' }],
])('reports that %s is not set', (name, environment) => {
  expect(() => workerConfig(environment)).toThrow(expect.objectContaining({ code: 'InvalidConfig', message: expect.stringContaining(name) }))
})
