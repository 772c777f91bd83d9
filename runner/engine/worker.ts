// runWorker: what one worker does for a run, from planning to the last slice. The same on a laptop and in a pod.
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadgateError, type Transaction } from '../../sdk/index.ts'
import { failRun, findRunById, type Run } from '../../store/runs.ts'
import { type ClaimedSlice, claimSlice, leases, releaseSlice, sliceCounts } from '../../store/slices.ts'
import { finishRun } from './finish.ts'
import { retrying, retryPolicy } from './retry.ts'
import { StoreSession } from './session.ts'
import { loadSlice } from './slice-loop.ts'
import { verifySources } from './verify.ts'
import { openWork, type Work, type WorkOptions } from './work.ts'

/** How often an idle worker looks whether a slice became free. */
const pollMilliseconds = 50

/**
 * Works until the whole run is over, and answers with how it ended. A failure that cannot pass, or did not in time,
 * fails the run for all its workers; it is on the run's row, not thrown. Throws only when the store cannot be reached.
 */
export async function runWorker(options: WorkOptions): Promise<Run> {
  const session = new StoreSession(options.databaseUrl, `headgate ${options.run.name}`)
  const retries = { policy: retryPolicy(options.run.spec), signal: options.signal }
  let work: Work | undefined
  try {
    work = await openWork(options)
    await workOn(work, options.checkpoints.newWorker())
  } catch (error) {
    if (!options.signal.aborted) await retrying(retries, () => session.transaction((transaction) => fail(transaction, options.run.id, work, error)))
  } finally {
    await work?.close()
  }
  try {
    return await retrying(retries, () => findRunById(session, options.run.id))
  } finally {
    await session.close()
  }
}

async function workOn(work: Work, worker: string): Promise<void> {
  await work.plan()
  while (!work.retries.signal.aborted) {
    const claim = await retrying(work.retries, () => nextClaim(work, worker))
    if (claim === undefined) {
      if (await isOver(work)) return
      await sleep(pollMilliseconds)
      continue
    }
    try {
      await workOnSlice(work, claim)
    } catch (error) {
      if (!isStale(error)) {
        await work.session.transaction((transaction) => releaseSlice(transaction, claim)).catch(() => {})
        throw error
      }
    }
  }
}

/** Claims a slice that nobody has, or whose worker is gone. */
async function nextClaim(work: Work, worker: string): Promise<ClaimedSlice | undefined> {
  await work.checkpoints.heartbeat(worker)
  const held = await leases(work.session, work.run.id)
  const lapsed = await work.checkpoints.lapsed([...new Set(held.map((lease) => lease.worker))])
  // A worker that asks holds nothing: a slice in its own name is one whose claim was granted but the answer lost.
  return claimSlice(work.session, { run: work.run.id, worker, lapsed: [...lapsed, worker] })
}

async function workOnSlice(work: Work, claim: ClaimedSlice): Promise<void> {
  if (claim.kind === 'read') return loadSlice(work, claim)
  await verifySources(work)
  await retrying(work.retries, () => work.session.transaction((transaction) => finishRun(work, transaction, claim)))
}

/** Whether there is nothing left to wait for: every slice is done, or the run has failed. */
async function isOver(work: Work): Promise<boolean> {
  const counts = await retrying(work.retries, () => sliceCounts(work.session, work.run.id))
  if (counts.done === counts.total) return true
  const run = await retrying(work.retries, () => findRunById(work.session, work.run.id))
  return run.state !== 'Running'
}

/** Ends the run for everyone. What it had staged is kept for a resume if the failure may pass, and removed if not. */
async function fail(transaction: Transaction, run: number, work: Work | undefined, error: unknown): Promise<void> {
  const failure = error instanceof HeadgateError ? error : new HeadgateError('Internal', `unexpected: ${(error as Error).message}`, { cause: error })
  const { code, message, retryable } = failure
  await failRun(transaction, run, { code, message, retryable })
  if (!retryable && work !== undefined) await work.assembly.loader.discard(work.context, transaction)
}

/** The slice went to another worker, or the run ended meanwhile: no failure of this worker. */
function isStale(error: unknown): boolean {
  return error instanceof HeadgateError && (error.code === 'StaleEpoch' || error.code === 'RunEnded')
}
