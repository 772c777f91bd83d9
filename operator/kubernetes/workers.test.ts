// Controllers that succeed, ask to be called again, fail, and are stopped.
import { expect, test } from 'vitest'
import { WorkQueue } from './queue.ts'
import { fakeClock } from './testing/clock.ts'
import { type Reconcile, runWorkers } from './workers.ts'

function running(reconcile: Reconcile, count = 3) {
  const clock = fakeClock()
  const queue = new WorkQueue({ name: 'runs', clock, random: () => 1, limits: { initialMs: 100 } })
  const results: string[] = []
  const problems: string[] = []
  const metrics = { active: () => undefined, reconciled: (controller: string, result: string) => results.push(`${controller} ${result}`) }
  const over = runWorkers(queue, count, reconcile, { clock, metrics, report: (where, error) => problems.push(`${where}: ${(error as Error).message}`) })
  return { clock, queue, results, problems, over }
}

test('Each key is reconciled by one worker at a time, and at most as many keys as there are workers', async () => {
  const active = new Set<string>()
  let most = 0
  let calls = 0
  const { clock, queue, over } = running(async (key) => {
    expect(active.has(key)).toBe(false)
    active.add(key)
    most = Math.max(most, active.size)
    calls++
    for (let turn = 0; turn < (calls % 4) + 1; turn++) await Promise.resolve()
    active.delete(key)
    return undefined
  })
  for (let round = 0; round < 200; round++) {
    for (let key = 0; key < 7; key++) queue.add(`key-${(round * key) % 7}`)
    await Promise.resolve()
  }
  await clock.advance(0)
  await queue.shutdown()
  await over
  expect(most).toBe(3)
  expect(calls).toBeGreaterThan(20)
})

test('A failure is reported and retried later, a success is not requeued, and `requeueAfterMs` requeues after the delay', async () => {
  let failures = 2
  const seen: string[] = []
  const { clock, queue, results, problems, over } = running(async (key) => {
    seen.push(key)
    if (key === 'fails' && failures-- > 0) throw new Error('oops')
    return key === 'again' && seen.filter((one) => one === 'again').length < 2 ? { requeueAfterMs: 5000 } : undefined
  })
  for (const key of ['works', 'fails', 'again']) queue.add(key)
  await clock.advance(4000)
  expect(seen).toEqual(['works', 'fails', 'again', 'fails', 'fails'])
  await clock.advance(1000)
  expect(seen.at(-1)).toBe('again')
  expect(queue.retries('fails')).toBe(0)
  expect(problems).toEqual(['runs fails: oops', 'runs fails: oops'])
  expect(results).toEqual(['runs success', 'runs error', 'runs requeue_after', 'runs error', 'runs success', 'runs success'])
  await queue.shutdown()
  await over
})

test('Reconciles without I/O yield to the event loop', async () => {
  let reconciled = 0
  const { queue, over } = running(async () => {
    reconciled++
    return undefined
  })
  for (let key = 0; key < 10_000; key++) queue.add(`key-${key}`)
  await new Promise((resolve) => setImmediate(resolve))
  expect(reconciled).toBeLessThan(10_000)
  await queue.shutdown()
  await over
})
