import { expect, test } from 'vitest'
import type { KeptPod } from '../../../cache/pods.ts'
import { endedPod, endFixture, podFixture, reportFixture } from '../../testing/kept.ts'
import { failedEnd } from './ending.ts'

const failure = { code: 'SourceNotFound', message: 'no file', retryable: false }
const failed = reportFixture('Failed', { failure })

type Row = { what: string; reason: string; message?: string; pods: KeptPod[]; kind?: string; expected: string; says: string }

const rows: Row[] = [
  {
    what: 'a final code with a report',
    reason: 'PodFailurePolicy',
    pods: [endedPod(65, { report: failed })],
    expected: 'RunFailed',
    says: 'SourceNotFound: no file',
  },
  {
    what: 'a final code with last words',
    reason: 'PodFailurePolicy',
    pods: [endedPod(66, { lastWords: 'boom' })],
    expected: 'RunFailed',
    says: 'a worker ended the run with exit code 66 (boom); kubectl logs orders-1-0-abcde tells more',
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
    what: 'code 70, only the Job tells',
    reason: 'PodFailurePolicy',
    message: 'failed with exit code 70 matching',
    pods: [],
    kind: 'Cancelled',
    expected: 'Cancelled',
    says: '',
  },
  {
    what: 'code 65, only the Job tells',
    reason: 'PodFailurePolicy',
    message: 'failed with exit code 65 matching',
    pods: [],
    expected: 'RunFailed',
    says: 'exit code 65',
  },
  { what: 'nothing known', reason: 'BackoffLimitExceeded', pods: [], expected: 'WorkerFailed', says: 'the Job failed: BackoffLimitExceeded' },
  {
    what: 'out of memory for sure',
    reason: 'FailedIndexes',
    pods: [endedPod(137, { reason: 'OOMKilled' })],
    expected: 'OutOfMemory',
    says: 'worker 0 was out of memory; raise',
  },
  { what: 'possibly out of memory', reason: 'FailedIndexes', pods: [endedPod(137)], expected: 'OutOfMemory', says: 'possibly out of memory; raise' },
  {
    what: 'killed while its node was drained',
    reason: 'FailedIndexes',
    pods: [endedPod(137, {}, { disruption: 'drained' })],
    expected: 'Evicted',
    says: 'took worker 0 away',
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
    says: 'the last: SourceNotFound: no file',
  },
  { what: 'the deadline', reason: 'DeadlineExceeded', pods: [endedPod(137)], expected: 'Timeout', says: 'spec.timeout' },
]

test.each(rows)('$what', ({ reason, message = '', pods, kind = 'Failed', expected, says }) => {
  const end = failedEnd(endFixture('Failed', reason, message), pods)
  expect(end.kind).toBe(kind)
  expect(end.said.reason).toBe(expected)
  expect(end.said.message).toContain(says)
})

test('What the worker reported goes along', () => {
  expect(failedEnd(endFixture('Failed', 'PodFailurePolicy'), [endedPod(65, { report: failed })])).toMatchObject({ report: failed, failure })
})
