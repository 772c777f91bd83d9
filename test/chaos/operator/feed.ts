// Pipelines of every kind of concurrency, and people who create runs of them without a break and cancel some.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Concurrency } from '../../../crds/defaults.ts'
import type { Stage } from '../../../operator/controllers/testing/stage.ts'
import type { Random } from '../random.ts'
import { persist } from './persist.ts'

/** Most Jobs at work together; the pipelines could have more. */
export const cap = 4

export const concurrencies: ReadonlyMap<string, Concurrency> = new Map([
  ['queue-a', 'Queue'],
  ['queue-b', 'Queue'],
  ['skip', 'Skip'],
  ['replace', 'Replace'],
  ['allow', 'Allow'],
])

export const limits = {
  all: cap,
  pipelines: new Map([...concurrencies].map(([name, kind]) => [name, { alone: kind !== 'Allow', inOrder: kind === 'Queue' || kind === 'Replace' }])),
}

export async function createPipelines(stage: Stage): Promise<void> {
  for (const [name, concurrency] of concurrencies) await stage.createPipeline(name, { schedule: { cron: '0 0 1 1 *', suspend: true, concurrency } })
}

export type Feed = { stage: Stage; random: Random; signal: AbortSignal; runs: number; longestPauseMs: number; cancelled: number }

/** Returns the names of all runs, in the order of their creation. */
export async function createRuns({ stage, random, signal, runs, longestPauseMs, cancelled }: Feed): Promise<string[]> {
  const names: string[] = []
  const pipelines = [...concurrencies.keys()]
  while (names.length < runs) {
    const pipeline = random.pick(pipelines)
    const name = `${pipeline}-${String(names.length).padStart(4, '0')}`
    await persist(() => stage.createRun(name, pipeline), signal)
    names.push(name)
    if (random.chance(cancelled)) await persist(() => stage.cancel(random.pick(names.slice(-5))), signal)
    await sleep(random.below(longestPauseMs))
  }
  return names
}
