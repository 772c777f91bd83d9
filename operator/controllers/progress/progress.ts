// The progress controller: reads the progress of all active runs every two seconds, and announces the runs whose status should be updated.
// It has no queue and writes nothing to the cluster; the run controller writes the statuses. Started by term.ts.
import { isDeepStrictEqual } from 'node:util'
import type { Caches } from '../../cache/caches.ts'
import { activePhases } from '../../cache/runs.ts'
import { sleep } from '../../kubernetes/clock.ts'
import type { Controller, ControllerParts } from '../controller.ts'
import type { LiveProgress } from './book.ts'
import { decideShow, furthest, type Shown } from './decide.ts'

export type ProgressParts = Pick<ControllerParts, 'progressSources' | 'onProgressAnswer' | 'clock' | 'random' | 'progress'> & {
  caches: { runs: Pick<Caches['runs'], 'keysByIndex' | 'get'> }
}

export const progressController = {
  name: 'progress',
  workers: 0,
  start: (parts) => {
    const look = lookAtProgress(parts)
    return { loops: [(signal) => lookRegularly(parts, look, signal)] }
  },
} satisfies Controller

const everyMs = 2_000
/** Number of runs per read of a source. */
const batchSize = 100

async function lookRegularly({ clock, random }: ProgressParts, look: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await look()
    await sleep(clock, everyMs * (0.9 + 0.2 * random()), signal)
  }
}

/** Returns a function that reads the progress of all active runs once. */
export function lookAtProgress(parts: ProgressParts): () => Promise<void> {
  const { caches, progress } = parts
  const shown = new Map<string, Shown>()
  return async () => {
    const active = [...activePhases].flatMap((phase) => caches.runs.keysByIndex('phase', phase))
    const activeRuns = new Set(active)
    progress.forgetAllBut(activeRuns)
    for (const run of [...shown.keys()]) if (!activeRuns.has(run)) shown.delete(run)
    for (let first = 0; first < active.length; first += batchSize) {
      const found = await ask(parts, active.slice(first, first + batchSize))
      for (const [run, counts] of found ?? []) note(parts, shown, run, counts, active.length)
    }
  }
}

/** Returns the answer of the first source that does not fail; undefined if all fail. */
async function ask({ progressSources, onProgressAnswer }: ProgressParts, runs: readonly string[]): Promise<Map<string, LiveProgress> | undefined> {
  for (const { name, source } of progressSources) {
    try {
      const found = await source.read(runs)
      onProgressAnswer(name, undefined)
      return found
    } catch (error) {
      onProgressAnswer(name, error)
    }
  }
  return undefined
}

function note({ caches, progress, clock, random }: ProgressParts, shown: Map<string, Shown>, run: string, found: LiveProgress, active: number): void {
  const { metadata, status } = caches.runs.get(run) ?? {}
  // Compare with this process's last progress of the run, or, after a restart, with its status.
  const counts = furthest(countsOf(progress.latestOf(run, metadata?.uid) ?? status), countsOf(found))
  const seconds = (clock.now() - Date.parse(status?.startTime ?? '')) / 1000
  const throughput = seconds >= 1 && counts.records !== undefined ? Math.round(counts.records.read / seconds) : undefined
  progress.note(run, metadata?.uid, { ...counts, ...(throughput !== undefined && { throughput }) })
  const before = shown.get(run)
  const show = decideShow({ changed: !isDeepStrictEqual(before?.counts, counts), shown: before, now: clock.monotonic(), active, random: random() })
  if (show === undefined) return
  shown.set(run, { ...show, counts })
  progress.announce(run)
}

function countsOf({ records, slices }: Pick<LiveProgress, 'records' | 'slices'> = {}): LiveProgress {
  return { ...(records && { records }), ...(slices && { slices }) }
}
