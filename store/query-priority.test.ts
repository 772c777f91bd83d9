import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { QueryPriority } from './query-priority.ts'

describe('priority', () => {
  it('waits for nothing when nothing is asked', async () => {
    await new QueryPriority().wait()
  })

  it('waits for a short answer', async () => {
    const priority = new QueryPriority()
    const events: string[] = []
    const asked = priority.during(async () => {
      await nextTurn()
      events.push('answered')
    })
    await priority.wait()
    events.push('went on')
    await asked
    expect(events).toEqual(['answered', 'went on'])
  })

  it('does not wait for an answer that takes its time', async () => {
    const priority = new QueryPriority()
    const { promise, resolve } = Promise.withResolvers<void>()
    const asked = priority.during(() => promise)
    await priority.wait()
    resolve()
    await asked
  })

  it('forgets a question that failed', async () => {
    const priority = new QueryPriority()
    await expect(priority.during(() => Promise.reject(new Error('no answer')))).rejects.toThrow('no answer')
    await priority.wait()
    expect(await priority.during(async () => 'next')).toBe('next')
  })
})
