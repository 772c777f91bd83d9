import { expect, test } from 'vitest'
import type { Concurrency } from '../../../../crds/defaults.ts'
import { type Admission, Round } from './decide.ts'

type Row = {
  what: string
  concurrency?: Concurrency | undefined
  /** Oldest first; the letter before the digit is the Pipeline. */
  waiting: string[]
  active?: string[]
  /** Of the active ones. */
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

function answers({ concurrency, waiting, active = [], over = [], cap = 100 }: Row, known: (pipeline: string) => boolean): Map<string, Admission> {
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
  { what: 'Queue: behind one at work', waiting: ['a2'], active: ['a1'], expected: { a2: forPipeline } },
  { what: 'Queue: other Pipelines do not wait', waiting: ['a2', 'b1'], active: ['a1'], expected: { a2: forPipeline, b1: 'Admit' } },
  { what: 'Queue: even an older one waits for the one at work', waiting: ['a1'], active: ['a2'], expected: { a1: forPipeline } },
  { what: 'Skip: alone it starts', concurrency: 'Skip', waiting: ['a1'], expected: { a1: 'Admit' } },
  { what: 'Skip: beside one at work', concurrency: 'Skip', waiting: ['a2'], active: ['a1'], expected: { a2: 'Skip' } },
  {
    what: 'Skip: not because of one that is over',
    concurrency: 'Skip',
    waiting: ['a2', 'a3'],
    active: ['a1'],
    over: ['a1'],
    expected: { a2: forEnd, a3: forEnd },
  },
  { what: 'Skip: the older of two starts', concurrency: 'Skip', waiting: ['a1', 'a2'], expected: { a1: 'Admit', a2: 'Skip' } },
  { what: 'Skip: also behind one that waits for the cap', concurrency: 'Skip', waiting: ['a1', 'a2'], cap: 0, expected: { a1: forCap, a2: 'Skip' } },
  { what: 'Replace: alone it starts', concurrency: 'Replace', waiting: ['a1'], expected: { a1: 'Admit' } },
  {
    what: 'Replace: the one at work is to stop',
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
    what: 'Replace: with nothing at work the newest starts',
    concurrency: 'Replace',
    waiting: ['a1', 'a2'],
    expected: { a1: { kind: 'Replaced', by: 'a2' }, a2: 'Admit' },
  },
  { what: 'Replace: one that is over is not asked to stop', concurrency: 'Replace', waiting: ['a2'], active: ['a1'], over: ['a1'], expected: { a2: forEnd } },
  { what: 'Replace: under the cap the newest waits', concurrency: 'Replace', waiting: ['a1'], cap: 0, expected: { a1: forCap } },
  { what: 'Allow: all start', concurrency: 'Allow', waiting: ['a2', 'a3'], active: ['a1'], expected: { a2: 'Admit', a3: 'Admit' } },
  { what: 'the cap: oldest first over all', waiting: ['b1', 'a1', 'c1'], cap: 2, expected: { b1: 'Admit', a1: 'Admit', c1: forCap } },
  { what: 'the cap counts what is at work', waiting: ['b1', 'c1'], active: ['a1'], cap: 2, expected: { b1: 'Admit', c1: forCap } },
  { what: 'the cap is full', concurrency: 'Allow', waiting: ['a2'], active: ['a1'], cap: 1, expected: { a2: forCap } },
  { what: 'more at work than the cap, after it was lowered', waiting: ['c1'], active: ['a1', 'b1'], cap: 1, expected: { c1: forCap } },
  {
    what: 'one that waits for its Pipeline keeps no place from others',
    waiting: ['a2', 'b1'],
    active: ['a1'],
    cap: 2,
    expected: { a2: forPipeline, b1: 'Admit' },
  },
  { what: 'behind one that waits for the cap', waiting: ['a1', 'a2'], cap: 0, expected: { a1: forCap, a2: forPipeline } },
  { what: 'no such Pipeline', waiting: ['x1', 'a1'], cap: 1, expected: { x1: 'NoPipeline', a1: 'Admit' } },
]

test.each(rows)('$what', (row) => {
  const decisions = answers(row, (pipeline) => pipeline !== 'x')
  const shown = Object.fromEntries([...decisions].map(([key, decision]) => [key, typeof row.expected[key] === 'string' ? decision.kind : decision]))
  expect(shown).toEqual(row.expected)
})
