import { expect, test } from 'vitest'
import { reportFixture } from '../controllers/testing/cached.ts'
import type { Job, Pod } from '../kubernetes/objects.ts'
import { toCachedJob } from './jobs.ts'
import { toCachedPod } from './pods.ts'

function job(status: object = {}, more: object = {}): Job {
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'orders-1' }, ...more, status } as Job
}

function pod(status: object = {}, more: object = {}): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'orders-1-0-abcde' }, ...more, status } as Pod
}

const condition = (type: string, status = 'True') => ({ type, status, reason: 'R', message: 'M', lastTransitionTime: '2026-03-01T00:00:00Z' })

test.each([
  ['no conditions', [], undefined],
  ['a false condition', [condition('Complete', 'False')], undefined],
  ['other conditions', [condition('Suspended')], undefined],
  ['success before all pods have ended', [condition('SuccessCriteriaMet')], 'SuccessCriteriaMet'],
  ['success', [condition('SuccessCriteriaMet'), condition('Complete')], 'Complete'],
  ['failure', [condition('FailureTarget'), condition('Failed')], 'Failed'],
])('A Job with %s', (_, conditions, type) => {
  const { end } = toCachedJob(job({ conditions }))
  expect(end).toEqual(type === undefined ? undefined : { type, reason: 'R', message: 'M', at: Date.UTC(2026, 2, 1) })
})

test('Objects with missing fields are converted with defaults', () => {
  expect(toCachedJob({ ...job(), status: undefined } as unknown as Job)).toMatchObject({ workers: 1, active: 0, startDeadlineMs: 600_000, owner: undefined })
  expect(toCachedPod({ ...pod(), status: undefined } as unknown as Pod)).toMatchObject({ phase: 'Pending', index: 0, run: '/', ended: undefined })
})

test('A cached pod names its run and worker index', () => {
  const metadata = {
    name: 'orders-1-3-abcde',
    namespace: 'sales',
    labels: { 'headgate.dev/run': 'orders-1' },
    annotations: { 'batch.kubernetes.io/job-completion-index': '3' },
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'orders-1', uid: 'job-uid', controller: true }],
  }
  expect(toCachedPod(pod({}, { metadata }))).toMatchObject({ run: 'sales/orders-1', index: 3, jobUid: 'job-uid' })
})

test.each(['-1', '1.5', '1e300', 'NaN', '100000', 'x'])('An index of %s, which anyone who creates pods can set, counts as 0', (index) => {
  expect(toCachedPod(pod({}, { metadata: { name: 'p', annotations: { 'batch.kubernetes.io/job-completion-index': index } } })).index).toBe(0)
})

test.each(['-1', '1e300', 'Infinity', 'soon'])('A start deadline of %s, which anyone who edits Jobs can set, is replaced by the default', (deadline) => {
  expect(toCachedJob(job({}, { metadata: { name: 'j', annotations: { 'headgate.dev/start-deadline-ms': deadline } } })).startDeadlineMs).toBe(600_000)
})

test('Texts of pods are truncated, and other containers than the worker are ignored', () => {
  const long = 'x'.repeat(100_000)
  const sidecar = { name: 'sidecar', state: { terminated: { exitCode: 0, message: JSON.stringify(reportFixture('Succeeded')) } } }
  const waiting = { name: 'worker', state: { waiting: { reason: long, message: long } } }
  const kept = toCachedPod(pod({ reason: 'Evicted', message: long, containerStatuses: [sidecar, waiting] }))
  expect(kept.ended).toBeUndefined()
  expect(JSON.stringify(kept).length).toBeLessThan(5_000)
})

test.each([
  ['that is unschedulable', { conditions: [{ type: 'PodScheduled', status: 'False', message: 'no memory' }] }, { unschedulable: 'no memory' }],
  ['that was evicted', { reason: 'Evicted', message: 'disk pressure' }, { disruption: 'disk pressure' }],
  [
    'that was preempted',
    { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] },
    { disruption: 'PreemptionByScheduler' },
  ],
  [
    'that waits',
    { containerStatuses: [{ name: 'worker', state: { waiting: { reason: 'ErrImagePull' } } }] },
    { waiting: { reason: 'ErrImagePull', message: '' } },
  ],
  ['with a container without status', { containerStatuses: [{}] }, { waiting: undefined, ended: undefined }],
])('A pod %s', (_, status, expected) => {
  expect(toCachedPod(pod(status))).toMatchObject(expected)
})

function ended(message?: string) {
  return toCachedPod(pod({ containerStatuses: [{ name: 'worker', state: { terminated: { exitCode: 65, message } } }] })).ended
}

test('An ended pod keeps its report, or the end of its log if there is none', () => {
  const report = reportFixture('Failed')
  expect(ended(JSON.stringify(report))).toMatchObject({ exitCode: 65, report, logTail: '' })
  expect(ended(`${'x'.repeat(1000)} the end\n`)?.logTail).toHaveLength(400)
  expect(ended(`${'x'.repeat(1000)} the end\n`)?.logTail).toMatch(/ the end$/)
  expect(ended()).toMatchObject({ report: undefined, logTail: '' })
})
