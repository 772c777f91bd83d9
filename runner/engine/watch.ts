// watchRun: what a worker does beside its work: renews its claims in the store, and notices when the run was cancelled or has ended.
import { setTimeout as sleep } from 'node:timers/promises'
import { defaultLeaseMilliseconds } from '../../store/lease.ts'
import { renewLeases } from '../../store/slices.ts'
import type { Work } from './work.ts'

const cancelPollMilliseconds = 2000

/** Watches until `stop` is called. Failures are left to the work itself, which meets them sooner or later. */
export function watchRun(work: Work): { stop(): void } {
  const stopping = new AbortController()
  const { coordination, run, worker, leaseMilliseconds = defaultLeaseMilliseconds } = work
  every(Math.min(cancelPollMilliseconds, leaseMilliseconds), stopping.signal, async () => {
    if (await coordination.cancelRequested(run.name)) work.cancel()
  })
  // Often enough that a claim holds although one renewal is lost and another one late.
  every(leaseMilliseconds / 4, stopping.signal, async () => {
    const state = await renewLeases(work.aside, run.id, worker)
    if (state !== 'Running') work.abandon()
  })
  return { stop: () => stopping.abort() }
}

function every(milliseconds: number, signal: AbortSignal, task: () => Promise<void>): void {
  const loop = async () => {
    for (;;) {
      await sleep(milliseconds, undefined, { signal, ref: false })
      await task().catch(() => {})
    }
  }
  loop().catch(() => {})
}
