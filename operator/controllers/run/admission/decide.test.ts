import { expect, test } from 'vitest'
import type { Concurrency } from '../../../../crds/defaults.ts'
import { type Admission, Round } from './decide.ts'

type Row = {
  what: string
  concurrency?: Concurrency | undefined
  /** Oldest first; the letter before the digit is the Pipeline. */
  waiting: string[]
  active?: string[]
  /** Active runs whose Job has ended. */
  over?: string[]
  cap?: number
  expected: Record<string, Admission | Admission['kind']>
}

const forPipeline: Admission = { kind: 'Wait', for: 'Pipeline' }
const forCap: Admission = { kind: 'Wait', for: 'Cap' }
const forEnd: Admission = { kind: 'Wait', for: 'End' }

function pipelineOf(run: string): string {
  return run.slice(0, 1)
}

function decisionsFor({ concurrency, waiting, active = [], over = [], cap = 100 }: Row, known: (pipeline: string) => boolean): Map<string, Admission> {
  const byPipeline = new Map<string, string[]>()
  for (const run of active) byPipeline.set(pipelineOf(run), [...(byPipeline.get(pipelineOf(run)) ?? []), run])
  const round = new Round({
    active: byPipeline,
    maxActiveRuns: cap,
    concurrency: (pipeline) => (known(pipeline) ? (concurrency ?? 'Queue') : undefined),
    isOver: (key) => over.includes(key),
  })
  const runs = waiting.map((key) => ({ key, pipeline: pipelineOf(key) }))
  return round.decide(runs, new Map(runs.map(({ key, pipeline }) => [pipeline, key])))
}

const rows: Row[] = [
  { what: 'nothing waits', waiting: [], expected: {} },
  { what: 'a run alone starts', waiting: ['a1'], expected: { a1: 'Admit' } },
  { what: 'Queue: one of a Pipeline at a time', waiting: ['a1', 'a2', 'a3'], expected: { a1: 'Admit', a2: forPipeline, a3: forPipeline } },
  { what: 'Queue: waits for an active run', waiting: ['a2'], active: ['a1'], expected: { a2: forPipeline } },
  { what: 'Queue: other Pipelines do not wait', waiting: ['a2', 'b1'], active: ['a1'], expected: { a2: forPipeline, b1: 'Admit' } },
  { what: 'Queue: even an older run waits for an active run', waiting: ['a1'], active: ['a2'], expected: { a1: forPipeline } },
  { what: 'Skip: a run alone starts', concurrency: 'Skip', waiting: ['a1'], expected: { a1: 'Admit' } },
  { what: 'Skip: skipped while another run is active', concurrency: 'Skip', waiting: ['a2'], active: ['a1'], expected: { a2: 'Skip' } },
  {
    what: 'Skip: waits for a run whose Job has ended',
    concurrency: 'Skip',
    waiting: ['a2', 'a3'],
    active: ['a1'],
    over: ['a1'],
    expected: { a2: forEnd, a3: forEnd },
  },
  { what: 'Skip: the older of two starts', concurrency: 'Skip', waiting: ['a1', 'a2'], expected: { a1: 'Admit', a2: 'Skip' } },
  { what: 'Skip: skipped also behind a run that waits for the cap', concurrency: 'Skip', waiting: ['a1', 'a2'], cap: 0, expected: { a1: forCap, a2: 'Skip' } },
  { what: 'Replace: a run alone starts', concurrency: 'Replace', waiting: ['a1'], expected: { a1: 'Admit' } },
  {
    what: 'Replace: asks the active run to stop',
    concurrency: 'Replace',
    waiting: ['a2'],
    active: ['a1'],
    expected: { a2: { kind: 'Replace', active: ['a1'] } },
  },
  {
    what: 'Replace: only the newest waits, the others are replaced',
    concurrency: 'Replace',
    waiting: ['a2', 'a3', 'b1', 'a4'],
    active: ['a1'],
    expected: { a2: { kind: 'Replaced', by: 'a4' }, a3: { kind: 'Replaced', by: 'a4' }, a4: { kind: 'Replace', active: ['a1'] }, b1: 'Admit' },
  },
  {
    what: 'Replace: without an active run the newest starts',
    concurrency: 'Replace',
    waiting: ['a1', 'a2'],
    expected: { a1: { kind: 'Replaced', by: 'a2' }, a2: 'Admit' },
  },
  {
    what: 'Replace: a run whose Job has ended is not asked to stop',
    concurrency: 'Replace',
    waiting: ['a2'],
    active: ['a1'],
    over: ['a1'],
    expected: { a2: forEnd },
  },
  { what: 'Replace: under the cap the newest waits', concurrency: 'Replace', waiting: ['a1'], cap: 0, expected: { a1: forCap } },
  { what: 'Allow: all start', concurrency: 'Allow', waiting: ['a2', 'a3'], active: ['a1'], expected: { a2: 'Admit', a3: 'Admit' } },
  { what: 'the cap: the oldest of all Pipelines start first', waiting: ['b1', 'a1', 'c1'], cap: 2, expected: { b1: 'Admit', a1: 'Admit', c1: forCap } },
  { what: 'the cap counts active runs', waiting: ['b1', 'c1'], active: ['a1'], cap: 2, expected: { b1: 'Admit', c1: forCap } },
  { what: 'the cap is full', concurrency: 'Allow', waiting: ['a2'], active: ['a1'], cap: 1, expected: { a2: forCap } },
  { what: 'more active runs than the cap, after it was lowered', waiting: ['c1'], active: ['a1', 'b1'], cap: 1, expected: { c1: forCap } },
  {
    what: 'a run that waits for its Pipeline takes no slot',
    waiting: ['a2', 'b1'],
    active: ['a1'],
    cap: 2,
    expected: { a2: forPipeline, b1: 'Admit' },
  },
  { what: 'behind a run that waits for the cap', waiting: ['a1', 'a2'], cap: 0, expected: { a1: forCap, a2: forPipeline } },
  { what: 'no such Pipeline', waiting: ['x1', 'a1'], cap: 1, expected: { x1: 'NoPipeline', a1: 'Admit' } },
]

test.each(rows)('$what', (row) => {
  const decisions = decisionsFor(row, (pipeline) => pipeline !== 'x')
  const shown = Object.fromEntries([...decisions].map(([key, decision]) => [key, typeof row.expected[key] === 'string' ? decision.kind : decision]))
  expect(shown).toEqual(row.expected)
})
