import { expect, test } from 'vitest'
import { endedPod, endFixture, jobFixture, podFixture, reportFixture } from '../../testing/cached.ts'
import { attempts } from '../workers.ts'
import { type Observation, type Observed, observe } from './decide.ts'

const minute = 60_000

/** A run whose Job was created at 0, with a start deadline of 10 minutes. */
function observed(more: Partial<Observed>): Observed {
  return { now: 1000, startedAt: 0, running: false, job: jobFixture(), pods: [], endSeenAt: undefined, hint: undefined, ...more }
}

type Row = { what: string; given: Partial<Observed>; expected: Partial<Observation> & { says?: string; reason?: string } }

const pending = podFixture()
const running = podFixture({ phase: 'Running' })
const badImage = podFixture({ waiting: { reason: 'ErrImagePull', message: 'not found' } })
const success = endFixture('SuccessCriteriaMet')
const failJob = endFixture('FailureTarget', 'PodFailurePolicy')
const report = reportFixture('Succeeded')

const rows: Row[] = [
  { what: 'no Job', given: { job: undefined }, expected: { kind: 'NoJob' } },
  { what: 'a new Job', given: {}, expected: { kind: 'Ongoing', phase: 'Starting', requeueAfterMs: 9000, says: 'waits for the worker to start' } },
  {
    what: 'several workers',
    given: { job: jobFixture({ workers: 3 }) },
    expected: { kind: 'Ongoing', phase: 'Starting', says: 'waits for 3 workers to start' },
  },
  { what: 'a waiting pod', given: { pods: [pending] }, expected: { kind: 'Ongoing', phase: 'Starting', reason: 'Starting' } },
  {
    what: 'a running pod',
    given: { pods: [running] },
    expected: { kind: 'Ongoing', phase: 'Running', requeueAfterMs: undefined, says: '1 worker is running' },
  },
  {
    what: 'one running pod and one with a problem',
    given: { job: jobFixture({ workers: 2 }), pods: [running, { ...badImage, index: 1 }], now: 60 * minute },
    expected: { kind: 'Ongoing', phase: 'Running', reason: 'ImagePull', says: 'worker 1 waits: image registry/x:1 cannot be pulled' },
  },
  { what: 'a problem', given: { pods: [badImage] }, expected: { kind: 'Ongoing', phase: 'Starting', reason: 'ImagePull', requeueAfterMs: 10 * minute - 1000 } },
  {
    what: 'a problem at the deadline',
    given: { pods: [badImage], now: 10 * minute },
    expected: { kind: 'Failed', reason: 'ImagePull', says: 'no worker started within 10m' },
  },
  {
    what: 'a pod without a reason, after ten seconds',
    given: { pods: [pending], now: 11_000 },
    expected: { kind: 'Ongoing', unexplained: pending, says: 'worker 0 waits: its pod gives no reason; see kubectl describe pod orders-1-0-abcde' },
  },
  {
    what: 'a pod without a reason, with a hint',
    given: { pods: [pending], now: 11_000, hint: 'configmap "files" not found' },
    expected: { kind: 'Ongoing', says: 'worker 0 waits: configmap "files" not found' },
  },
  {
    what: 'no pods at all, after ten seconds',
    given: { now: 11_000 },
    expected: { kind: 'Ongoing', unexplained: 'Job', says: 'the Job has created no pods: see kubectl describe job orders-1' },
  },
  {
    what: 'no pods at the deadline',
    given: { now: 10 * minute },
    expected: { kind: 'Failed', reason: 'StartDeadlineExceeded', says: 'the Job has created no pods' },
  },
  {
    what: 'workers that are done, and a Job that is not complete yet',
    given: { pods: [endedPod(0, { report })], now: 3000 },
    expected: { kind: 'Ongoing', phase: 'Running', says: 'all workers are done; waits for the Job to complete' },
  },
  {
    what: 'a failed worker that is restarted',
    given: { job: jobFixture({ failed: 1 }), pods: [endedPod(1, { logTail: 'no such host' })], now: 11_000 },
    expected: { kind: 'Ongoing', phase: 'Running', says: 'worker 0 failed with exit code 1 (no such host); it is restarted' },
  },
  {
    what: 'a failed worker with a report',
    given: {
      job: jobFixture({ failed: 1 }),
      pods: [endedPod(1, { report: reportFixture('Running', { failure: { code: 'StoreUnavailable', message: 'no answer', retryable: true } }) })],
    },
    expected: { kind: 'Ongoing', phase: 'Running', says: 'worker 0 failed with StoreUnavailable: no answer; it is restarted' },
  },
  {
    what: 'the replacement of a failed worker, which has its own ten seconds',
    given: { job: jobFixture({ failed: 1 }), pods: [endedPod(1), { ...pending, createdAt: minute }], now: minute + 9000 },
    expected: { kind: 'Ongoing', phase: 'Running', says: 'worker 0 failed with exit code 1; it is restarted' },
  },
  {
    what: 'a worker that was killed',
    given: { job: jobFixture({ failed: 1 }), pods: [endedPod(137), { ...pending, createdAt: 5000 }], now: 6000 },
    expected: { kind: 'Ongoing', phase: 'Running', says: 'possibly out of memory' },
  },
  {
    what: 'an evicted worker',
    given: { pods: [endedPod(1, {}, { disruption: 'node drained' })] },
    expected: { kind: 'Ongoing', phase: 'Running', says: 'worker 0 was evicted (node drained); a replacement starts' },
  },
  {
    what: 'an unschedulable replacement, before its own deadline',
    given: { running: true, pods: [podFixture({ createdAt: 60 * minute, unschedulable: 'no memory' })], now: 69 * minute },
    expected: { kind: 'Ongoing', phase: 'Running', reason: 'Unschedulable' },
  },
  {
    what: 'an unschedulable replacement, after its own deadline',
    given: { running: true, pods: [podFixture({ createdAt: 60 * minute, unschedulable: 'no memory' })], now: 70 * minute },
    expected: { kind: 'Failed', reason: 'Unschedulable' },
  },
  {
    what: 'no replacement within its deadline and the longest backoff',
    given: { job: jobFixture({ failed: 1 }), pods: [endedPod(1, { at: 60 * minute })], now: 72 * minute },
    expected: { kind: 'Failed', reason: 'StartDeadlineExceeded' },
  },
  {
    what: 'a suspended Job',
    given: { job: jobFixture({ suspended: true }), now: 60 * minute },
    expected: { kind: 'Ongoing', reason: 'Suspended', requeueAfterMs: undefined },
  },
  { what: 'success', given: { job: jobFixture({ end: success }), pods: [endedPod(0, { report })] }, expected: { kind: 'Succeeded', report } },
  {
    what: 'success, others still ending',
    given: { job: jobFixture({ end: success }), pods: [running, endedPod(0, { report })] },
    expected: { kind: 'Succeeded', report },
  },
  {
    what: 'success of the Job, before the pod has ended',
    given: { job: jobFixture({ end: success }), pods: [running] },
    expected: { kind: 'AwaitReport', requeueAfterMs: 250 },
  },
  {
    what: 'success of the Job, and a pod that never ends',
    given: { job: jobFixture({ end: success }), pods: [running], endSeenAt: 0, now: 3000 },
    expected: { kind: 'Succeeded', report: undefined },
  },
  { what: 'success without pods', given: { job: jobFixture({ end: endFixture('Complete') }) }, expected: { kind: 'Succeeded', report: undefined } },
  { what: 'failure of the Job, before the pod has ended', given: { job: jobFixture({ end: failJob }), pods: [running] }, expected: { kind: 'AwaitReport' } },
  { what: 'failure', given: { job: jobFixture({ end: failJob }), pods: [running, endedPod(65)] }, expected: { kind: 'Failed', reason: 'RunFailed' } },
  {
    what: 'a deadline does not wait for reports',
    given: { job: jobFixture({ end: endFixture('FailureTarget', 'DeadlineExceeded') }), pods: [running] },
    expected: { kind: 'Failed', reason: 'Timeout' },
  },
]

test.each(rows)('$what', ({ given, expected: { says, reason, ...expected } }) => {
  const observation = observe(observed(given))
  expect(observation).toMatchObject(expected)
  if (says !== undefined) expect(observation).toMatchObject({ condition: { message: expect.stringContaining(says) } })
  if (reason !== undefined) expect(observation).toMatchObject({ condition: { reason } })
})

test.each([
  ['what the Job counts', jobFixture({ failed: 2 }), [], 2],
  ['pods that have failed, before the Job counts them', jobFixture(), [endedPod(1), endedPod(0)], 1],
  ['not evicted pods', jobFixture(), [endedPod(1, {}, { disruption: 'drained' })], 0],
])('Attempts are %s', (_, job, pods, count) => {
  expect(attempts(job, pods)).toBe(count)
})
