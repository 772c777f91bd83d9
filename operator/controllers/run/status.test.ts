import { expect, test } from 'vitest'
import { endedStatus, ongoingStatus } from './status.ts'

const start = Date.UTC(2026, 2, 1)
const condition = { reason: 'Starting', message: 'waits' }

test('lastTransitionTime is when the status of the condition changed, not its reason or message', () => {
  const first = ongoingStatus({}, 'Queued', { reason: 'Queued', message: 'a' }, start)
  const second = ongoingStatus(first, 'Starting', condition, start + 60_000)
  expect(second).toEqual({
    phase: 'Starting',
    conditions: [{ type: 'Succeeded', status: 'Unknown', reason: 'Starting', message: 'waits', lastTransitionTime: '2026-03-01T00:00:00Z' }],
  })
  const third = endedStatus(second, 'Failed', { reason: 'Timeout', message: 'b' }, { now: start + 120_000, at: start })
  expect(third.conditions?.[0]).toMatchObject({ status: 'False', lastTransitionTime: '2026-03-01T00:02:00Z' })
})

test('Keeps earlier fields of the status', () => {
  expect(ongoingStatus({ jobName: 'a', attempts: 2 }, 'Running', condition, start)).toMatchObject({ jobName: 'a', attempts: 2 })
})

test.each([
  ['Succeeded', 'True'],
  ['Failed', 'False'],
  ['Cancelled', 'False'],
  ['Skipped', 'False'],
] as const)('A run that is %s has the condition %s', (phase, status) => {
  expect(endedStatus({}, phase, condition, { now: start, at: start }).conditions).toMatchObject([{ status }])
})

test('The duration is from the start to the end', () => {
  const status = endedStatus({ startTime: '2026-03-01T00:00:00Z' }, 'Succeeded', condition, { now: start, at: start + 192_000 })
  expect(status).toMatchObject({ completionTime: '2026-03-01T00:03:12Z', duration: '3m12s' })
})

test('A run never ends before its start, even if the clock is behind', () => {
  const status = endedStatus({ startTime: '2026-03-01T00:00:00Z' }, 'Succeeded', condition, { now: start, at: start - 5000 })
  expect(status).toMatchObject({ completionTime: '2026-03-01T00:00:00Z', duration: '0ms' })
})

test('A run that never started has no duration', () => {
  expect(endedStatus({}, 'Skipped', condition, { now: start, at: start })).not.toHaveProperty('duration')
})

test('A message that is too long for the status is truncated', () => {
  expect(ongoingStatus({}, 'Running', { reason: 'Running', message: 'x'.repeat(5000) }, start).conditions?.[0]?.message).toHaveLength(4096)
})
