import { expect, test } from 'vitest'
import { type Cancelling, type CancelStep, cancelStep } from './decide.ts'

const at = { suspended: false, active: 1, terminating: 0 }
const working: Cancelling = { now: 0, job: at, atWork: true, canSignal: true, signal: undefined, cancelSeenAt: 0, suspendSeenAt: undefined }

const rows: { what: string; given: Partial<Cancelling>; expected: CancelStep }[] = [
  { what: 'workers are asked first', given: {}, expected: { kind: 'Signal' } },
  { what: 'they may take half a minute', given: { signal: 'sent', now: 1000 }, expected: { kind: 'Wait', again: 29_000 } },
  { what: 'once they have stopped, the Job tells how', given: { signal: 'sent', atWork: false, now: 1000 }, expected: { kind: 'Wait', again: 29_000 } },
  { what: 'and no longer', given: { signal: 'sent', now: 30_000 }, expected: { kind: 'Suspend' } },
  { what: 'nobody can be asked', given: { canSignal: false }, expected: { kind: 'Suspend' } },
  { what: 'the question did not arrive', given: { signal: 'failed' }, expected: { kind: 'Suspend' } },
  { what: 'nobody has begun', given: { atWork: false }, expected: { kind: 'Suspend' } },
  { what: 'suspended, pods are still there', given: { job: { ...at, suspended: true } }, expected: { kind: 'Wait', again: 120_000 } },
  { what: 'suspended, pods are still ending', given: { job: { suspended: true, active: 0, terminating: 1 } }, expected: { kind: 'Wait', again: 120_000 } },
  { what: 'suspended, all pods are gone', given: { job: { suspended: true, active: 0, terminating: 0 } }, expected: { kind: 'End' } },
  {
    what: 'suspended, a pod never ends because its node is lost',
    given: { job: { suspended: true, active: 0, terminating: 1 }, suspendSeenAt: 0, now: 120_000 },
    expected: { kind: 'End' },
  },
]

test.each(rows)('$what', ({ given, expected }) => {
  expect(cancelStep({ ...working, ...given })).toEqual(expected)
})
