import { expect, test } from 'vitest'
import { annotations } from '../../../crds/metadata.ts'
import type { WorkerReport } from '../../../crds/wire/worker-report.ts'
import type { CachedRun } from '../../cache/runs.ts'
import { endedPod, podFixture, reportFixture } from '../testing/cached.ts'
import { runFixture } from '../testing/objects.ts'
import { type FailedEnd, finalEnd, totalsMessage } from './conclude.ts'
import { latestReport } from './workers.ts'

const run = runFixture('orders-1', 'Running')
const cancelledRun: CachedRun = { ...run, spec: { ...run.spec, cancel: true } }
const failure = { code: 'QualityGate', message: 'too few records', retryable: false }

function failed(reason: string, report?: WorkerReport): FailedEnd {
  return { kind: 'Failed', condition: { reason, message: 'it failed' }, report }
}

type End = Parameters<typeof finalEnd>[1]
type Row = { what: string; run?: CachedRun; end: End; stored?: WorkerReport; kind: string; reason?: string; says?: string }

const rows: Row[] = [
  { what: 'success', end: { kind: 'Succeeded', report: reportFixture('Succeeded') }, kind: 'Succeeded' },
  { what: 'success of a run that was asked to stop', run: cancelledRun, end: { kind: 'Succeeded', report: undefined }, kind: 'Succeeded' },
  { what: 'a lost Job after the run succeeded', end: failed('JobLost'), stored: reportFixture('Succeeded'), kind: 'Succeeded' },
  { what: 'a lost Job while the run is active', end: failed('JobLost'), stored: reportFixture('Running'), kind: 'Failed', reason: 'JobLost' },
  {
    what: 'a lost Job after the run failed',
    end: failed('JobLost'),
    stored: reportFixture('Failed', { failure }),
    kind: 'Failed',
    reason: 'RunFailed',
    says: 'QualityGate: too few records',
  },
  { what: 'a lost Job after the run was cancelled', end: failed('JobLost'), stored: reportFixture('Cancelled'), kind: 'Cancelled' },
  { what: 'a timeout keeps its reason', end: failed('Timeout'), stored: reportFixture('Failed', { failure }), kind: 'Failed', reason: 'Timeout' },
  { what: 'failure of a run that was asked to stop', run: cancelledRun, end: failed('WorkerFailed'), kind: 'Cancelled', says: 'spec.cancel was set' },
  { what: 'a final failure of a run that was asked to stop', run: cancelledRun, end: failed('RunFailed'), kind: 'Failed', reason: 'RunFailed' },
  {
    what: 'a run that was replaced',
    run: { ...cancelledRun, metadata: { ...run.metadata, annotations: { [annotations.replacedBy]: 'orders-2' } } },
    end: failed('JobLost'),
    kind: 'Cancelled',
    says: 'replaced by run orders-2',
  },
]

test.each(rows)('$what', ({ run: given = run, end, stored, kind, reason, says }) => {
  const final = finalEnd(given, end, stored)
  expect(final.kind).toBe(kind)
  if (reason !== undefined) expect(final).toMatchObject({ condition: { reason } })
  if (says !== undefined) expect(final).toMatchObject({ condition: { message: expect.stringContaining(says) } })
})

test('Totals of an ended run take precedence over those of a worker that was cut off', () => {
  const [cutOff, stored] = [reportFixture('Running', { throughput: 1 }), reportFixture('Failed', { throughput: 2 })]
  expect(finalEnd(run, failed('Timeout', cutOff), stored).report).toBe(stored)
  expect(finalEnd(run, failed('Timeout', cutOff), undefined).report).toBe(cutOff)
  expect(finalEnd(run, failed('RunFailed', stored), cutOff).report).toBe(stored)
})

test.each([
  [{ read: 0, loaded: 0 }, 'read 0 records'],
  [{ read: 1, loaded: 1 }, 'read 1 record: 1 loaded'],
  [{ read: 5, loaded: 2, parked: 3 }, 'read 5 records: 2 loaded, 3 parked'],
])('%j reads as %s', (some, message) => {
  const none = { read: 0, loaded: 0, unchanged: 0, superseded: 0, filtered: 0, quarantined: 0, parked: 0, derived: 0, removed: 0 }
  expect(totalsMessage(run, { ...none, ...some })).toBe(message)
})

test('Without totals the message names their place in the store', () => {
  expect(totalsMessage(run, undefined)).toBe('succeeded; the totals are in the store, under sales/orders-1')
})

test('The latest of several reports is used', () => {
  const [one, other] = [reportFixture('Running'), reportFixture('Cancelled')]
  expect(latestReport([endedPod(1, { report: one, at: 1 }), podFixture(), endedPod(70, { report: other, at: 2 })])).toBe(other)
  expect(latestReport([podFixture()])).toBeUndefined()
})
