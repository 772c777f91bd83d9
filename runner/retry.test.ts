import { describe, expect, it } from 'vitest'
import { HeadgateError } from '../sdk/index.ts'
import { retrying } from './retry.ts'

const retryable = new HeadgateError('StoreUnavailable', 'connection lost', { retryable: true })
const final = new HeadgateError('MissingField', 'no such field')
const policy = { limit: 2, initialMilliseconds: 1, maxMilliseconds: 2 }

/** An attempt that throws the errors one after another, then succeeds. `state` counts its calls. */
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
  it('retries retryable failures, up to the limit', async () => {
    const { state, attempt } = failing(retryable, retryable)
    expect(await retrying({ policy, signal: AbortSignal.any([]) }, attempt)).toBe('done')
    expect(state.calls).toBe(3)
  })

  it('throws the last error after the limit', async () => {
    const { state, attempt } = failing(retryable, retryable, retryable, retryable)
    await expect(retrying({ policy, signal: AbortSignal.any([]) }, attempt)).rejects.toBe(retryable)
    expect(state.calls).toBe(3)
  })

  it('resets the count when there was progress between two failures', async () => {
    const { state, attempt } = failing(retryable, retryable, retryable, retryable, retryable)
    expect(await retrying({ policy, signal: AbortSignal.any([]) }, attempt, () => state.calls)).toBe('done')
    expect(state.calls).toBe(6)
  })

  it.each([final, new TypeError('a defect')])('does not retry %s', async (error) => {
    const { state, attempt } = failing(error)
    await expect(retrying({ policy, signal: AbortSignal.any([]) }, attempt)).rejects.toBe(error)
    expect(state.calls).toBe(1)
  })

  it('stops waiting when its signal is aborted', async () => {
    const { attempt } = failing(retryable, retryable)
    const stop = new AbortController()
    const retries = { policy: { limit: 5, initialMilliseconds: 3_600_000, maxMilliseconds: 3_600_000 }, signal: stop.signal, onRetry: () => stop.abort() }
    await expect(retrying(retries, attempt)).rejects.toBe(retryable)
  })

  it('doubles the wait with each failure, up to the maximum', async () => {
    const waits: number[] = []
    const { attempt } = failing(retryable, retryable, retryable, retryable)
    const retries = {
      policy: { limit: 9, initialMilliseconds: 1, maxMilliseconds: 3 },
      signal: AbortSignal.any([]),
      onRetry: (_: Error, wait: number) => waits.push(wait),
    }
    await retrying(retries, attempt)
    expect(waits).toEqual([1, 2, 3, 3])
  })
})
