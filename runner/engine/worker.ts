// runWorker: what one worker does for a run, from planning to the last slice. The same on a laptop and in a pod.
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadgateError, type Transaction } from '../../sdk/index.ts'
import { failureOf, messageOf } from '../../sdk/thrown.ts'
import { cancelRun, failRun, findRunById, type Run } from '../../store/runs.ts'
import { StoreSession } from '../../store/session.ts'
import { endSessions } from '../../store/sessions.ts'
import { type ClaimedSlice, claimSlice, releaseSlice, sliceCounts } from '../../store/slices.ts'
import { guardBackground } from '../plugins/crash-guard.ts'
import { guardExit } from '../plugins/exit-guard.ts'
import { startWatchdog } from '../plugins/watchdog.ts'
import { cleanUp } from './clean-up.ts'
import { finishWithoutRefused } from './finish/refused-publish.ts'
import { otherHolders } from './holders.ts'
import { endLapsedSessions, giveUpPredecessors } from './predecessors.ts'
import { retrying, retryPolicy } from './retry.ts'
import { loadSlice } from './slice-loop.ts'
import { toldMessage } from './told-message.ts'
import { isUnavailable, isUnfit, Unavailable } from './unavailable.ts'
import { verifySources } from './verify.ts'
import { watchRun } from './watch.ts'
import { openWork, type Work, type WorkOptions } from './work.ts'

/** An idle worker looks again whether a slice became free after this long, and then less and less often. */
const shortestPollMilliseconds = 50
const longestPollMilliseconds = 1000

/**
 * Works until the whole run is over, and answers with how it ended; Running if `signal` stopped the worker before. A failure
 * that cannot pass, or did not in time, fails the run for all its workers; it is on the run's row, not thrown. A worker that cannot read
 * the input that others can read leaves a Running run behind, too. Throws only when the store cannot be reached.
 */
export async function runWorker(options: WorkOptions): Promise<Run> {
  const session = new StoreSession(options.databaseUrl, `headgate ${options.run.name}`)
  const worker = options.coordination.newWorker()
  const guards = guardPlugins(options, worker)
  let work: Work | undefined
  try {
    work = await guards.whileSound(openWork(options, worker))
    await guards.whileSound(workWatched(work))
  } catch (error) {
    const stopped = (work?.retries.signal ?? options.signal).aborted
    // A call of a plugin that never returns may hold the lock of the run's row.
    if (guards.broken) await giveUp(work)
    if (isUnfit(error)) work?.context.warn('WorkerUnfit', messageOf(error))
    else if (!isStale(error) && !stopped) await fail(options, session, work, error)
  } finally {
    await giveUp(work)
  }
  try {
    return await ended(options, session, work)
  } finally {
    guards.end()
    await session.close()
  }
}

/** What keeps a plugin from ending the worker, or from keeping it for ever. */
function guardPlugins({ run, databaseUrl, stuck = {} }: WorkOptions, worker: string) {
  const background = Promise.withResolvers<never>()
  let broken = false
  // Between two uses of `whileSound` nothing waits for it.
  background.promise.catch(() => (broken = true))
  const guards = [
    guardExit(run.spec, background.reject),
    guardBackground(run.spec, background.reject),
    startWatchdog({ spec: run.spec, databaseUrl, run: run.id, worker }, stuck),
  ]
  return {
    /** Whether a plugin has thrown in the background, or called process.exit. */
    get broken(): boolean {
      return broken
    },
    /** Rejects as well when a plugin throws in the background. */
    whileSound: <Result>(work: Promise<Result>): Promise<Result> => Promise.race([work, background.promise]),
    end: () => {
      for (const end of guards) end()
    },
  }
}

/** Stops the work and closes its connections, whether or not it heeds that. */
async function giveUp(work: Work | undefined): Promise<void> {
  work?.abandon()
  await work?.close()
}

/** Works while the other workers know that this one lives. */
async function workWatched(work: Work): Promise<void> {
  work.coordination.begin(work.worker)
  const watch = watchRun(work)
  try {
    await workOn(work)
  } finally {
    watch.stop()
    await work.coordination.end(work.worker)
  }
}

/** Cancels the run if that was asked for, and answers with its row. */
async function ended(options: WorkOptions, session: StoreSession, work: Work | undefined): Promise<Run> {
  const { id, name } = options.run
  // Whoever cancels a run on the cluster stops its pods as well.
  const cancelled = work?.cancelled || (options.signal.aborted && (await options.coordination.cancelRequested(name)))
  if (cancelled) await atTheEnd(options, session, (transaction) => cancelRun(transaction, id))
  const run = await atTheEnd(options, session, (transaction) => findRunById(transaction, id))
  if (run.state === 'Cancelled' && work !== undefined) await cleanUp(work, options.databaseUrl)
  return run
}

async function atTheEnd<Result>(options: WorkOptions, session: StoreSession, step: (transaction: Transaction) => Promise<Result>): Promise<Result> {
  return retrying({ policy: retryPolicy(options.run.spec), signal: options.signal }, () => session.transaction(step))
}

async function workOn(work: Work): Promise<void> {
  await giveUpPredecessors(work)
  await work.plan()
  const { total } = await retrying(work.retries, () => sliceCounts(work.session, work.run.id))
  work.coordination.planned(work.run.name, total - 1)
  const unavailable = new Unavailable(work)
  let idleSince = performance.now()
  while (!work.retries.signal.aborted) {
    const claim = await retrying(work.retries, () => nextClaim(work))
    if (claim !== undefined) {
      await workOnClaim(work, claim, unavailable)
      idleSince = performance.now()
    } else {
      if (await isOver(work)) return
      await sleep(pollMilliseconds(performance.now() - idleSince), undefined, { signal: work.retries.signal }).catch(() => {})
    }
  }
}

/** A tenth of the time it has been idle: hundreds of workers that wait for the last one must not keep the store busy. */
function pollMilliseconds(idleMilliseconds: number): number {
  return Math.min(longestPollMilliseconds, Math.max(shortestPollMilliseconds, idleMilliseconds / 10))
}

async function workOnClaim(work: Work, claim: ClaimedSlice, unavailable: Unavailable): Promise<void> {
  try {
    await workOnSlice(work, claim)
    unavailable.reset()
  } catch (error) {
    if (isStale(error)) return
    await work.session.transaction((transaction) => releaseSlice(transaction, claim)).catch(() => {})
    if (!isUnavailable(error)) throw error
    await unavailable.meet(error, claim)
  }
}

/** Claims a slice that nobody has, or whose worker is gone. */
async function nextClaim(work: Work): Promise<ClaimedSlice | undefined> {
  const { run, worker, session, leaseMilliseconds } = work
  const { lapsed } = await otherHolders(work)
  // A role that may not do this waits for the server to notice.
  if (lapsed.length > 0) await endSessions(session, lapsed).catch(() => {})
  // A worker that asks holds nothing: a slice in its own name is one whose claim was granted but the answer lost.
  return claimSlice(session, { run: run.id, worker, lapsed: [...lapsed, worker], leaseMilliseconds })
}

async function workOnSlice(work: Work, claim: ClaimedSlice): Promise<void> {
  if (claim.kind === 'read') return loadSlice(work, claim)
  await verifySources(work)
  await endLapsedSessions(work)
  await finishWithoutRefused(work, claim)
}

/** Whether there is nothing left to wait for: every slice is done, or the run has failed. */
async function isOver(work: Work): Promise<boolean> {
  const counts = await retrying(work.retries, () => sliceCounts(work.session, work.run.id))
  if (counts.done === counts.total) return true
  const run = await retrying(work.retries, () => findRunById(work.session, work.run.id))
  return run.state !== 'Running'
}

/**
 * Ends the run for all its workers. What it has staged is kept for a resume if the failure may pass, and removed if not. The failure is
 * recorded in a transaction of its own, so that nothing that goes wrong afterwards hides it or undoes it.
 */
async function fail(options: WorkOptions, session: StoreSession, work: Work | undefined, error: unknown): Promise<void> {
  const failure = { ...failureOf(error), message: toldMessage(options.run.spec, error) }
  await atTheEnd(options, session, (transaction) => failRun(transaction, options.run.id, failure))
  if (!failure.retryable && work !== undefined) await cleanUp(work, options.databaseUrl)
}

/** The slice went to another worker, or the run ended meanwhile: no failure of this worker. */
function isStale(error: unknown): boolean {
  return error instanceof HeadgateError && (error.code === 'StaleEpoch' || error.code === 'RunEnded')
}
