// The Event recorder: aggregation, rate limit, order and failures.
import { expect, test } from 'vitest'
import { ApiError } from './api-error.ts'
import { type EventContent, EventRecorder } from './events.ts'
import type { KubeEvent, ObjectReference } from './objects.ts'
import { fakeClock } from './testing/clock.ts'

const run: ObjectReference = { apiVersion: 'headgate.dev/v1alpha1', kind: 'PipelineRun', name: 'orders-1', namespace: 'sales', uid: 'u1' }
const started: EventContent = { type: 'Normal', reason: 'Started', message: 'job orders-1 made', action: 'Start' }

function recording(refuse: (what: string) => Error | undefined = () => undefined) {
  const clock = fakeClock()
  const created: KubeEvent[] = []
  const sent: string[] = []
  const problems: string[] = []
  const attempt = async (what: string) => {
    await Promise.resolve()
    const error = refuse(what)
    if (error !== undefined) throw error
    sent.push(what)
  }
  const client = {
    create: async (_: unknown, event: KubeEvent) => {
      await attempt(`create ${event.note} ${event.series?.count ?? 1}`)
      created.push(event)
    },
    patch: async (...args: [unknown, string, string, { series: { count: number } }]) => attempt(`count ${args[3].series.count}`),
  } as never
  const recorder = new EventRecorder({
    client,
    instance: 'operator-0',
    clock,
    report: (where, error) => problems.push(`${where}: ${(error as Error).message}`),
  })
  const settle = () => clock.advance(0)
  return { clock, created, sent, problems, recorder, settle }
}

test('An Event names the reporter, the object and what happened', async () => {
  const { created, recorder, settle } = recording()
  recorder.event(run, started)
  await settle()
  expect(created).toEqual([
    {
      metadata: { name: expect.stringMatching(/^orders-1\.[0-9a-f]+$/), namespace: 'sales' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      type: 'Normal',
      reason: 'Started',
      action: 'Start',
      note: 'job orders-1 made',
      regarding: run,
      reportingController: 'headgate',
      reportingInstance: 'operator-0',
    },
  ])
})

test('A repetition increments the count; after minutes without one, a new Event is created', async () => {
  const { clock, sent, recorder, settle } = recording()
  for (let time = 0; time < 3; time++) {
    recorder.event(run, started)
    await clock.advance(60_000)
  }
  await clock.advance(6 * 60_000)
  recorder.event(run, started)
  await settle()
  expect(sent).toEqual(['create job orders-1 made 1', 'count 2', 'count 3', 'create job orders-1 made 1'])
})

test('Repetitions while an Event is being sent are aggregated', async () => {
  const { sent, recorder, settle } = recording()
  for (let time = 0; time < 1000; time++) recorder.event(run, started)
  await settle()
  expect(sent.length).toBeLessThanOrEqual(2)
  expect(sent.at(-1)).toMatch(/1000$/)
})

test('The rate of one object is limited without affecting others', async () => {
  const { clock, sent, recorder, settle } = recording()
  for (let number = 0; number < 100; number++) recorder.event(run, { ...started, message: `message ${number}` })
  recorder.event({ ...run, name: 'orders-2' }, { ...started, message: 'other' })
  await settle()
  expect([sent.length, sent.at(-1)]).toEqual([26, 'create other 1'])
  await clock.advance(60_000)
  recorder.event(run, { ...started, message: 'later' })
  await settle()
  expect(sent.at(-1)).toBe('create later 1')
})

test('An Event that the server has deleted is recreated with its count', async () => {
  let forgotten = false
  const { clock, sent, problems, recorder } = recording((what) => (forgotten && what.startsWith('count') ? new ApiError(404, 'NotFound', 'gone') : undefined))
  recorder.event(run, started)
  await clock.advance(1000)
  forgotten = true
  recorder.event(run, started)
  await clock.advance(1000)
  expect(sent).toEqual(['create job orders-1 made 1', 'create job orders-1 made 2'])
  expect(problems).toEqual([])
})

test('An Event that cannot be sent is reported and dropped, and the next is sent', async () => {
  const { sent, problems, recorder, settle } = recording((what) => (what.includes('bad') ? new Error('refused') : undefined))
  recorder.event(run, { ...started, reason: 'Bad', message: 'bad' })
  recorder.event(run, started)
  await settle()
  expect([sent, problems]).toEqual([['create job orders-1 made 1'], ['event Bad: refused']])
})

test('stop sends pending Events and ignores later ones; long messages are truncated', async () => {
  const { created, recorder } = recording()
  recorder.event({ ...run, name: 'x'.repeat(253) }, { ...started, message: 'y'.repeat(5000) })
  await recorder.stop()
  recorder.event(run, started)
  await recorder.stop()
  expect(created.map(({ metadata, note }) => [metadata.name.length, note.length])).toEqual([[253, 1024]])
})
