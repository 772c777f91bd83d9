import { expect, test } from 'vitest'
import { ended, going } from './status.ts'

const start = Date.UTC(2026, 2, 1)
const said = { reason: 'Starting', message: 'waits' }

test('The time of the condition is when its status changed, not its words', () => {
  const first = going({}, 'Queued', { reason: 'Queued', message: 'a' }, start)
  const second = going(first, 'Starting', said, start + 60_000)
  expect(second).toEqual({
    phase: 'Starting',
    conditions: [{ type: 'Succeeded', status: 'Unknown', reason: 'Starting', message: 'waits', lastTransitionTime: '2026-03-01T00:00:00Z' }],
  })
  const third = ended(second, 'Failed', { reason: 'Timeout', message: 'b' }, { now: start + 120_000, at: start })
  expect(third.conditions?.[0]).toMatchObject({ status: 'False', lastTransitionTime: '2026-03-01T00:02:00Z' })
})

test('What was known before stays', () => {
  expect(going({ jobName: 'a', attempts: 2 }, 'Running', said, start)).toMatchObject({ jobName: 'a', attempts: 2 })
})

test.each([
  ['Succeeded', 'True'],
  ['Failed', 'False'],
  ['Cancelled', 'False'],
  ['Skipped', 'False'],
] as const)('A run that is %s has the condition %s', (phase, status) => {
  expect(ended({}, phase, said, { now: start, at: start }).conditions).toMatchObject([{ status }])
})

test('The duration is from the start to the end', () => {
  const status = ended({ startTime: '2026-03-01T00:00:00Z' }, 'Succeeded', said, { now: start, at: start + 192_000 })
  expect(status).toMatchObject({ completionTime: '2026-03-01T00:03:12Z', duration: '3m12s' })
})

test('A clock that is behind does not let a run end before it began', () => {
  const status = ended({ startTime: '2026-03-01T00:00:00Z' }, 'Succeeded', said, { now: start, at: start - 5000 })
  expect(status).toMatchObject({ completionTime: '2026-03-01T00:00:00Z', duration: '0ms' })
})

test('A run that never started has no duration', () => {
  expect(ended({}, 'Skipped', said, { now: start, at: start })).not.toHaveProperty('duration')
})

test('A message that no status holds is cut', () => {
  expect(going({}, 'Running', { reason: 'Running', message: 'x'.repeat(5000) }, start).conditions?.[0]?.message).toHaveLength(4096)
})
