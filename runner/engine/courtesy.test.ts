import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Courtesy } from './courtesy.ts'

describe('courtesy', () => {
  it('waits for nothing when nothing is asked', async () => {
    await new Courtesy().wait()
  })

  it('waits for a short answer', async () => {
    const courtesy = new Courtesy()
    const events: string[] = []
    const asked = courtesy.during(async () => {
      await nextTurn()
      events.push('answered')
    })
    await courtesy.wait()
    events.push('went on')
    await asked
    expect(events).toEqual(['answered', 'went on'])
  })

  it('does not wait for an answer that takes its time', async () => {
    const courtesy = new Courtesy()
    const { promise, resolve } = Promise.withResolvers<void>()
    const asked = courtesy.during(() => promise)
    await courtesy.wait()
    resolve()
    await asked
  })

  it('forgets a question that failed', async () => {
    const courtesy = new Courtesy()
    await expect(courtesy.during(() => Promise.reject(new Error('no answer')))).rejects.toThrow('no answer')
    await courtesy.wait()
    expect(await courtesy.during(async () => 'next')).toBe('next')
  })
})
