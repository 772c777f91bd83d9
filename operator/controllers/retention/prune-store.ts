// Deletes expired rows from the operator's own store, one pipeline after another, each once an hour. A loop of retention.ts.
import { type RetentionSettings, retentionOf } from '../../../crds/defaults.ts'
import { storeName } from '../../../crds/wire/redis-keys.ts'
import type { CachedPipeline } from '../../cache/cached.ts'
import type { Cache } from '../../kubernetes/cache.ts'
import { type Clock, sleep } from '../../kubernetes/clock.ts'
import type { Report } from '../../kubernetes/hooks.ts'

export type PruneStoreOptions = {
  prune: (pipeline: string, before: { runs: Date; quarantine: Date }) => Promise<{ runs: number; quarantine: number }>
  pipelines: Pick<Cache<CachedPipeline>, 'list'>
  onPruned: (pruned: { runs: number; quarantine: number }) => void
  report: Report
  clock: Clock
  random: () => number
  everyMs?: number
}

const hour = 3_600_000

export async function pruneStore(options: PruneStoreOptions, signal: AbortSignal): Promise<void> {
  const { pipelines, clock, random, everyMs = hour } = options
  await sleep(clock, everyMs * 0.05 * (0.5 + random()), signal)
  while (!signal.aborted) {
    const all = [...pipelines.list()]
    const pause = everyMs / Math.max(1, all.length)
    for (const pipeline of all) {
      if (signal.aborted) return
      await pruneOne(options, pipeline)
      await sleep(clock, pause * (0.9 + 0.2 * random()), signal)
    }
    if (all.length === 0) await sleep(clock, pause, signal)
  }
}

async function pruneOne({ prune, onPruned, report, clock }: PruneStoreOptions, { metadata, spec }: CachedPipeline): Promise<void> {
  const name = storeName(metadata.namespace, metadata.name)
  try {
    onPruned(await prune(name, cutoffs(retentionOf(spec), clock.now())))
  } catch (error) {
    report(`prune ${name}`, error)
  }
}

/** Rows older than these times are deleted. */
function cutoffs({ runsMilliseconds, quarantineMilliseconds }: RetentionSettings, now: number): { runs: Date; quarantine: Date } {
  return { runs: new Date(now - runsMilliseconds), quarantine: new Date(now - quarantineMilliseconds) }
}
