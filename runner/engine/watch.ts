// watchRun: renews the worker's lease in the store, and stops the work if the run is cancelled or has ended. Called by runWorker.
import { setTimeout as sleep } from 'node:timers/promises'
import { defaultLeaseMilliseconds } from '../../store/lease.ts'
import { renewLeases } from '../../store/slices.ts'
import type { Work } from './work.ts'

const cancelPollMilliseconds = 2000

/** Runs until `stop` is called. Errors are ignored, because the work itself fails with the same errors if they persist. */
export function watchRun(work: Work): { stop(): void } {
  const stopping = new AbortController()
  const { coordination, run, worker, leaseMilliseconds = defaultLeaseMilliseconds } = work
  every(Math.min(cancelPollMilliseconds, leaseMilliseconds), stopping.signal, async () => {
    if (await coordination.cancelRequested(run.name)) work.cancel()
  })
  // Four times per lease, so that the lease survives one lost and one late renewal.
  every(leaseMilliseconds / 4, stopping.signal, async () => {
    const state = await renewLeases(work.sideSession, run.id, worker)
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
