import { expect, test } from 'vitest'
import type { Concurrency } from '../../../../crds/defaults.ts'
import type { RunPhase } from '../../../../crds/status.ts'
import type { CachedRun } from '../../../cache/runs.ts'
import { runFixture } from '../../testing/objects.ts'
import { AdmissionQueue } from './queue.ts'

function queueWith({ cap = 100, concurrency = 'Queue' as Concurrency } = {}) {
  const woken: string[] = []
  const settings = { concurrency: concurrency as Concurrency | undefined }
  const queue = new AdmissionQueue({
    maxActiveRuns: cap,
    concurrency: () => settings.concurrency,
    isOver: () => false,
    wake: (key) => void woken.push(key),
  })
  return {
    queue,
    woken,
    settings,
    ask: (name: string) => queue.ask(`sales/${name}`)?.kind,
    see: (name: string, run?: CachedRun) => queue.see(`sales/${name}`, run),
  }
}

function run(name: string, phase?: RunPhase, createdAt?: string): CachedRun {
  const made = runFixture(name, phase, createdAt === undefined ? {} : { createdAt })
  const started = phase === 'Starting' || phase === 'Running'
  return started ? { ...made, status: { ...made.status, startTime: '2026-03-01T00:00:01Z' } } : made
}

function declared(name: string): CachedRun {
  return { ...run(name), status: { snapshotHash: 'abc' } }
}

function cancelled(name: string): CachedRun {
  return { ...run(name), spec: { pipelineRef: { name: 'orders' }, cancel: true } }
}

const microtasks = () => new Promise<void>((resolve) => setImmediate(resolve))

test('An admitted run holds its slot before the cache shows that it started', () => {
  const { see, ask } = queueWith()
  see('a', run('a'))
  expect(ask('a')).toBe('Admit')
  see('b', run('b'))
  expect(ask('b')).toBe('Wait')
  expect(ask('a')).toBe('Admit')
})

test('Runs created in the same second are ordered by name', () => {
  const { see, ask } = queueWith()
  for (const name of ['b', 'c', 'a']) see(name, run(name))
  expect([ask('a'), ask('b'), ask('c')]).toEqual(['Admit', 'Wait', 'Wait'])
})

test('The older run starts first, even if it is seen later', () => {
  const { see, ask } = queueWith()
  see('a', run('a', undefined, '2026-03-01T00:00:09Z'))
  see('b', run('b', undefined, '2026-03-01T00:00:01Z'))
  expect([ask('a'), ask('b')]).toEqual(['Wait', 'Admit'])
})

test.each<[string, (see: (name: string, run?: CachedRun) => void) => void]>([
  ['ends', (see) => see('a', run('a', 'Succeeded'))],
  ['is deleted', (see) => see('a')],
])('When a run %s the next is woken', async (_, happen) => {
  const { see, ask, woken } = queueWith()
  see('a', run('a', 'Running'))
  see('b', run('b'))
  see('c', run('c'))
  expect([ask('b'), ask('c')]).toEqual(['Wait', 'Wait'])
  happen(see)
  await microtasks()
  expect(woken).toEqual(['sales/b'])
  expect([ask('b'), ask('c')]).toEqual(['Admit', 'Wait'])
})

test('An active run that is being deleted holds its slot until it is gone', () => {
  const { see, ask } = queueWith()
  const leaving = run('a', 'Running')
  see('a', { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: '2026-03-01T01:00:00Z' } })
  see('b', run('b'))
  expect(ask('b')).toBe('Wait')
})

test('A cancelled waiting run no longer blocks the next one', () => {
  const { see, ask } = queueWith()
  see('a', run('a', 'Running'))
  see('b', run('b'))
  see('c', run('c'))
  expect(ask('b')).toBe('Wait')
  see('b', cancelled('b'))
  see('a', run('a', 'Succeeded'))
  expect([ask('b'), ask('c')]).toEqual([undefined, 'Admit'])
})

test('A run whose declaration is recorded holds its slot, even if another run is older', () => {
  const { see, ask } = queueWith()
  see('a', run('a'))
  see('b', declared('b'))
  expect([ask('a'), ask('b')]).toEqual(['Wait', 'Admit'])
})

test('A run recreated under the same name gets a new entry', () => {
  const { see, ask } = queueWith()
  see('a', run('a', 'Running'))
  const anew = run('a')
  see('a', { ...anew, metadata: { ...anew.metadata, uid: 'new' } })
  see('b', run('b'))
  expect([ask('a'), ask('b')]).toEqual(['Admit', 'Wait'])
})

test('When a Pipeline is created or changed, its waiting runs are woken', async () => {
  const { queue, see, ask, settings, woken } = queueWith()
  settings.concurrency = undefined
  see('a', run('a', undefined))
  expect(ask('a')).toBe('NoPipeline')
  settings.concurrency = 'Allow'
  queue.reconsider()
  await microtasks()
  expect(woken).toEqual(['sales/a'])
  expect(ask('a')).toBe('Admit')
})

test('Decides nothing before the first ask, because not all runs may have been seen', async () => {
  const { see, ask } = queueWith()
  see('a', run('a'))
  await microtasks()
  see('b', declared('b'))
  expect([ask('a'), ask('b')]).toEqual(['Wait', 'Admit'])
})

test('Returns no decision for a run that the queue has not seen', () => {
  expect(queueWith().ask('stranger')).toBeUndefined()
})
