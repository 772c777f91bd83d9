import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { QueryPriority } from './query-priority.ts'

describe('QueryPriority', () => {
  it('does not wait when no query runs', async () => {
    await new QueryPriority().wait()
  })

  it('waits for a short query', async () => {
    const priority = new QueryPriority()
    const events: string[] = []
    const query = priority.during(async () => {
      await nextTurn()
      events.push('query done')
    })
    await priority.wait()
    events.push('wait over')
    await query
    expect(events).toEqual(['query done', 'wait over'])
  })

  it('does not wait for a long query', async () => {
    const priority = new QueryPriority()
    const { promise, resolve } = Promise.withResolvers<void>()
    const query = priority.during(() => promise)
    await priority.wait()
    resolve()
    await query
  })

  it('does not wait for a query that failed', async () => {
    const priority = new QueryPriority()
    await expect(priority.during(() => Promise.reject(new Error('query failed')))).rejects.toThrow('query failed')
    await priority.wait()
    expect(await priority.during(async () => 'next')).toBe('next')
  })
})
