import { expect, test } from 'vitest'
import type { CachedPod } from '../../../cache/pods.ts'
import { endedPod, endFixture, podFixture, reportFixture } from '../../testing/cached.ts'
import { failedEnd } from './ending.ts'

const failure = { code: 'SourceNotFound', message: 'no file', retryable: false }
const failed = reportFixture('Failed', { failure })

type Row = { what: string; reason: string; message?: string; pods: CachedPod[]; kind?: string; expected: string; says: string }

const rows: Row[] = [
  {
    what: 'a final code with a report',
    reason: 'PodFailurePolicy',
    pods: [endedPod(65, { report: failed })],
    expected: 'RunFailed',
    says: 'SourceNotFound: no file',
  },
  {
    what: 'a final code with log output',
    reason: 'PodFailurePolicy',
    pods: [endedPod(66, { logTail: 'boom' })],
    expected: 'RunFailed',
    says: 'a worker ended the run with exit code 66 (boom); see kubectl logs orders-1-0-abcde',
  },
  {
    what: 'a final code among others',
    reason: 'PodFailurePolicy',
    pods: [endedPod(1, { at: 9 }), endedPod(64, { report: failed, at: 1 }), podFixture({ phase: 'Running' })],
    expected: 'RunFailed',
    says: 'SourceNotFound',
  },
  {
    what: 'a final code though the Job names another reason',
    reason: 'FailedIndexes',
    pods: [endedPod(65, { report: failed })],
    expected: 'RunFailed',
    says: 'SourceNotFound',
  },
  { what: 'code 70', reason: 'PodFailurePolicy', pods: [endedPod(70)], kind: 'Cancelled', expected: 'Cancelled', says: 'they were asked to' },
  {
    what: 'a cancelled report',
    reason: 'PodFailurePolicy',
    pods: [endedPod(71, { report: reportFixture('Cancelled') })],
    kind: 'Cancelled',
    expected: 'Cancelled',
    says: '',
  },
  {
    what: 'code 70, only in the message of the Job',
    reason: 'PodFailurePolicy',
    message: 'failed with exit code 70 matching',
    pods: [],
    kind: 'Cancelled',
    expected: 'Cancelled',
    says: '',
  },
  {
    what: 'code 65, only in the message of the Job',
    reason: 'PodFailurePolicy',
    message: 'failed with exit code 65 matching',
    pods: [],
    expected: 'RunFailed',
    says: 'exit code 65',
  },
  { what: 'no pods and no message', reason: 'BackoffLimitExceeded', pods: [], expected: 'WorkerFailed', says: 'the Job failed: BackoffLimitExceeded' },
  {
    what: 'certainly out of memory',
    reason: 'FailedIndexes',
    pods: [endedPod(137, { reason: 'OOMKilled' })],
    expected: 'OutOfMemory',
    says: 'worker 0 ran out of memory; raise',
  },
  { what: 'possibly out of memory', reason: 'FailedIndexes', pods: [endedPod(137)], expected: 'OutOfMemory', says: 'possibly out of memory; raise' },
  {
    what: 'killed while its node was drained',
    reason: 'FailedIndexes',
    pods: [endedPod(137, {}, { disruption: 'drained' })],
    expected: 'Evicted',
    says: 'worker 0 was evicted',
  },
  {
    what: 'the last of several failures',
    reason: 'FailedIndexes',
    pods: [endedPod(137, { at: 1 }), endedPod(1, { at: 2 })],
    expected: 'WorkerFailed',
    says: 'exit code 1',
  },
  {
    what: 'a worker with a report',
    reason: 'FailedIndexes',
    pods: [endedPod(1, { report: failed })],
    expected: 'WorkerFailed',
    says: 'last failure: SourceNotFound: no file',
  },
  { what: 'the deadline', reason: 'DeadlineExceeded', pods: [endedPod(137)], expected: 'Timeout', says: 'spec.timeout' },
]

test.each(rows)('$what', ({ reason, message = '', pods, kind = 'Failed', expected, says }) => {
  const end = failedEnd(endFixture('Failed', reason, message), pods)
  expect(end.kind).toBe(kind)
  expect(end.condition.reason).toBe(expected)
  expect(end.condition.message).toContain(says)
})

test('The end includes the report and failure of the worker', () => {
  expect(failedEnd(endFixture('Failed', 'PodFailurePolicy'), [endedPod(65, { report: failed })])).toMatchObject({ report: failed, failure })
})
