import { expect, test } from 'vitest'
import { type Cancelling, type CancelStep, cancelStep } from './decide.ts'

const at = { suspended: false, suspensionProcessed: false, active: 1, terminating: 0 }
const suspended = { suspended: true, suspensionProcessed: true, active: 0, terminating: 0 }
const working: Cancelling = { now: 0, job: at, atWork: true, canSignal: true, signal: undefined, cancelSeenAt: 0, suspendSeenAt: undefined }

const rows: { what: string; given: Partial<Cancelling>; expected: CancelStep }[] = [
  { what: 'signals the workers first', given: {}, expected: { kind: 'Signal' } },
  { what: 'waits 30 seconds after the signal', given: { signal: 'sent', now: 1000 }, expected: { kind: 'Wait', requeueAfterMs: 29_000 } },
  {
    what: 'waits for the Job to end when the workers have stopped',
    given: { signal: 'sent', atWork: false, now: 1000 },
    expected: { kind: 'Wait', requeueAfterMs: 29_000 },
  },
  { what: 'suspends the Job 30 seconds after the signal', given: { signal: 'sent', now: 30_000 }, expected: { kind: 'Suspend' } },
  { what: 'suspends the Job if signals cannot be sent', given: { canSignal: false }, expected: { kind: 'Suspend' } },
  { what: 'suspends the Job if the signal failed', given: { signal: 'failed' }, expected: { kind: 'Suspend' } },
  { what: 'suspends the Job if no worker is running', given: { atWork: false }, expected: { kind: 'Suspend' } },
  { what: 'suspended: waits for active pods', given: { job: { ...suspended, active: 1 } }, expected: { kind: 'Wait', requeueAfterMs: 120_000 } },
  {
    what: 'suspended: waits for terminating pods',
    given: { job: { ...suspended, terminating: 1 } },
    expected: { kind: 'Wait', requeueAfterMs: 120_000 },
  },
  { what: 'suspended: ends when all pods are gone', given: { job: suspended }, expected: { kind: 'End' } },
  {
    what: 'suspended: waits for the Job controller, which may be creating pods',
    given: { job: { ...suspended, suspensionProcessed: false } },
    expected: { kind: 'Wait', requeueAfterMs: 120_000 },
  },
  {
    what: 'suspended: ends after two minutes although a pod on a lost node remains',
    given: { job: { ...suspended, terminating: 1 }, suspendSeenAt: 0, now: 120_000 },
    expected: { kind: 'End' },
  },
]

test.each(rows)('$what', ({ given, expected }) => {
  expect(cancelStep({ ...working, ...given })).toEqual(expected)
})
