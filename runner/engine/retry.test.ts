import { describe, expect, it } from 'vitest'
import { HeadgateError } from '../../sdk/index.ts'
import { retrying } from './retry.ts'

const passing = new HeadgateError('StoreUnavailable', 'gone for a moment', { retryable: true })
const lasting = new HeadgateError('MissingField', 'not there')
const policy = { limit: 2, initialMilliseconds: 1, maxMilliseconds: 2 }

/** Fails as often as there are errors, then succeeds; tells how often it was called. */
function failing(...errors: Error[]) {
  const state = { calls: 0 }
  const attempt = async () => {
    const error = errors[state.calls++]
    if (error !== undefined) throw error
    return 'done'
  }
  return { state, attempt }
}

describe('retrying', () => {
  it('tries passing failures again, up to the limit', async () => {
    const { state, attempt } = failing(passing, passing)
    expect(await retrying({ policy, signal: AbortSignal.any([]) }, attempt)).toBe('done')
    expect(state.calls).toBe(3)
  })

  it('gives up after the limit with the last error', async () => {
    const { state, attempt } = failing(passing, passing, passing, passing)
    await expect(retrying({ policy, signal: AbortSignal.any([]) }, attempt)).rejects.toBe(passing)
    expect(state.calls).toBe(3)
  })

  it('starts counting anew when the work got on between two failures', async () => {
    const { state, attempt } = failing(passing, passing, passing, passing, passing)
    expect(await retrying({ policy, signal: AbortSignal.any([]) }, attempt, () => state.calls)).toBe('done')
    expect(state.calls).toBe(6)
  })

  it.each([lasting, new TypeError('a defect')])('ends at once on %s', async (error) => {
    const { state, attempt } = failing(error)
    await expect(retrying({ policy, signal: AbortSignal.any([]) }, attempt)).rejects.toBe(error)
    expect(state.calls).toBe(1)
  })

  it('stops waiting when it is told to stop', async () => {
    const { attempt } = failing(passing, passing)
    const stop = new AbortController()
    const retries = { policy: { limit: 5, initialMilliseconds: 3_600_000, maxMilliseconds: 3_600_000 }, signal: stop.signal, onRetry: () => stop.abort() }
    await expect(retrying(retries, attempt)).rejects.toBe(passing)
  })

  it('waits twice as long each time, up to the longest wait', async () => {
    const waits: number[] = []
    const { attempt } = failing(passing, passing, passing, passing)
    const retries = {
      policy: { limit: 9, initialMilliseconds: 1, maxMilliseconds: 3 },
      signal: AbortSignal.any([]),
      onRetry: (_: Error, wait: number) => waits.push(wait),
    }
    await retrying(retries, attempt)
    expect(waits).toEqual([1, 2, 3, 3])
  })
})
