import { expect, test } from 'vitest'
import { jobFixture } from '../controllers/testing/cached.ts'
import { pipelineFixture, runFixture } from '../controllers/testing/objects.ts'
import { createCaches, forward, type Handlers, showAll } from './caches.ts'

test('Each change is forwarded to the current targets', () => {
  const heard: string[] = []
  let term: Partial<Handlers> | undefined
  const counts: Partial<Handlers> = { runs: (key) => heard.push(`counts ${key}`) }
  const handlers = forward(() => [counts, term])
  handlers.runs('sales/a', runFixture('a'), undefined)
  term = { runs: (key, kept, before) => heard.push(`term ${key} ${kept?.status?.phase} ${before?.status?.phase}`) }
  handlers.runs('sales/a', runFixture('a', 'Queued'), runFixture('a', 'Pending'))
  handlers.jobs('sales/a', jobFixture(), undefined)
  term = undefined
  handlers.runs('sales/a', undefined, runFixture('a'))
  expect(heard).toEqual(['counts sales/a', 'counts sales/a', 'term sales/a Queued Pending', 'counts sales/a'])
})

test('showAll reports every cached object as new, runs after the objects they depend on', () => {
  const caches = createCaches()
  caches.runs.set('sales/a', runFixture('a'), '1')
  caches.jobs.set('sales/a', jobFixture(), '1')
  caches.pipelines.set('sales/orders', pipelineFixture({}), '1')
  const shown: unknown[] = []
  const note = (kind: string) => (key: string, kept: unknown, before: unknown) => void shown.push([kind, key, kept !== undefined, before])
  showAll(
    caches,
    forward(() => [{ runs: note('run'), jobs: note('job'), pipelines: note('pipeline') }]),
  )
  expect(shown).toEqual([
    ['pipeline', 'sales/orders', true, undefined],
    ['job', 'sales/a', true, undefined],
    ['run', 'sales/a', true, undefined],
  ])
})
