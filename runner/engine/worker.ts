// runWorker: runs one worker of a run, from planning to the last slice. Called by local runs and by the worker process of a pod.
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadgateError, type Transaction } from '../../sdk/index.ts'
import { failureOf, messageOf } from '../../sdk/thrown.ts'
import { cancelRun, failRun, findRunById, type Run } from '../../store/runs.ts'
import { StoreSession } from '../../store/session.ts'
import { terminateConnections } from '../../store/sessions.ts'
import { type ClaimedSlice, claimSlice, releaseSlice, sliceCounts } from '../../store/slices.ts'
import { guardBackground } from '../plugins/crash-guard.ts'
import { guardExit } from '../plugins/exit-guard.ts'
import { startWatchdog } from '../plugins/watchdog.ts'
import { reportedMessage } from '../reports/reported-message.ts'
import { retrying, retryPolicy } from '../retry.ts'
import { cleanUp } from './clean-up.ts'
import { finishWithoutRefused } from './finish/refused-publish.ts'
import { otherHolders } from './holders.ts'
import { endLapsedSessions, failSilentPredecessors } from './predecessors.ts'
import { loadSlice } from './slice-loop.ts'
import { isUnavailable, isUnfit, UnavailableBackoff } from './unavailable.ts'
import { verifySources } from './verify.ts'
import { watchRun } from './watch.ts'
import { openWork, type Work, type WorkOptions } from './work.ts'

/** An idle worker polls for a free slice, at first at the shortest interval, then at increasing intervals up to the longest. */
const shortestPollMilliseconds = 50
const longestPollMilliseconds = 1000

/**
 * Works until the whole run has ended, and returns the run's row. The state is Running if `signal` stopped the worker, or if this worker
 * cannot read its input but other workers can. A final failure, or a retryable one that outlasts the retries, fails the run for all
 * workers; the failure is recorded in the run's row and not thrown. Throws only if the store cannot be reached.
 */
export async function runWorker(options: WorkOptions): Promise<Run> {
  const session = new StoreSession(options.databaseUrl, `headgate ${options.run.name}`)
  const worker = options.coordination.newWorkerName()
  const guards = guardPlugins(options, worker)
  let work: Work | undefined
  try {
    work = await guards.orPluginFailure(openWork(options, worker))
    await guards.orPluginFailure(workWithLease(work))
  } catch (error) {
    const stopped = (work?.retries.signal ?? options.signal).aborted
    // A plugin call that never returns may hold a lock on the run's row, so its connection is closed before the failure is recorded.
    if (guards.broken) await stopAndClose(work)
    if (isUnfit(error)) work?.context.warn('WorkerUnfit', messageOf(error))
    else if (!isStale(error) && !stopped) await fail(options, session, work, error)
  } finally {
    await stopAndClose(work)
  }
  try {
    return await endedRun(options, session, work)
  } finally {
    guards.end()
    await session.close()
  }
}

/** Guards against plugins that exit the process, throw in the background, or block the event loop. */
function guardPlugins({ run, databaseUrl, stuck = {} }: WorkOptions, worker: string) {
  const background = Promise.withResolvers<never>()
  let broken = false
  // Handled here, because between two uses of `orPluginFailure` nothing awaits this promise.
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
    /** Resolves as `work` does, but rejects as soon as a plugin throws in the background or calls process.exit. */
    orPluginFailure: <Result>(work: Promise<Result>): Promise<Result> => Promise.race([work, background.promise]),
    end: () => {
      for (const end of guards) end()
    },
  }
}

/** Stops the work and closes its connections, even if a part does not react to the signal. */
async function stopAndClose(work: Work | undefined): Promise<void> {
  work?.abandon()
  await work?.close()
}

/** Works while heartbeats and lease renewals show the other workers that this one is alive. */
async function workWithLease(work: Work): Promise<void> {
  work.coordination.begin(work.worker)
  const watch = watchRun(work)
  try {
    await workLoop(work)
  } finally {
    watch.stop()
    await work.coordination.end(work.worker)
  }
}

/** Cancels the run if that was requested, and returns its row. */
async function endedRun(options: WorkOptions, session: StoreSession, work: Work | undefined): Promise<Run> {
  const { id, name } = options.run
  // On a cluster, a cancellation also stops the pods: the signal may arrive before the request has been read.
  const cancelled = work?.cancelled || (options.signal.aborted && (await options.coordination.cancelRequested(name)))
  if (cancelled) await retriedTransaction(options, session, (transaction) => cancelRun(transaction, id))
  const run = await retriedTransaction(options, session, (transaction) => findRunById(transaction, id))
  if (run.state === 'Cancelled' && work !== undefined) await cleanUp(work, options.databaseUrl)
  return run
}

async function retriedTransaction<Result>(options: WorkOptions, session: StoreSession, step: (transaction: Transaction) => Promise<Result>): Promise<Result> {
  return retrying({ policy: retryPolicy(options.run.spec), signal: options.signal }, () => session.transaction(step))
}

async function workLoop(work: Work): Promise<void> {
  await failSilentPredecessors(work)
  await work.plan()
  const { total } = await retrying(work.retries, () => sliceCounts(work.session, work.run.id))
  work.coordination.planned(work.run.name, total - 1)
  const unavailable = new UnavailableBackoff(work)
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

/** A tenth of the idle time, so that hundreds of workers that wait for the last one do not load the store. */
function pollMilliseconds(idleMilliseconds: number): number {
  return Math.min(longestPollMilliseconds, Math.max(shortestPollMilliseconds, idleMilliseconds / 10))
}

async function workOnClaim(work: Work, claim: ClaimedSlice, unavailable: UnavailableBackoff): Promise<void> {
  try {
    await workOnSlice(work, claim)
    unavailable.reset()
  } catch (error) {
    if (isStale(error)) return
    await work.session.transaction((transaction) => releaseSlice(transaction, claim)).catch(() => {})
    if (!isUnavailable(error)) throw error
    await unavailable.backOff(error, claim)
  }
}

/** Claims a slice that is pending or whose worker is dead. */
async function nextClaim(work: Work): Promise<ClaimedSlice | undefined> {
  const { run, worker, session, leaseMilliseconds } = work
  const { lapsed } = await otherHolders(work)
  // Best effort: a role without the right to terminate these connections waits until the server notices that they are dead.
  if (lapsed.length > 0) await terminateConnections(session, lapsed).catch(() => {})
  // At this point the worker holds no slice. A slice leased to this worker is from a claim whose response was lost.
  return claimSlice(session, { run: run.id, worker, lapsed: [...lapsed, worker], leaseMilliseconds })
}

async function workOnSlice(work: Work, claim: ClaimedSlice): Promise<void> {
  if (claim.kind === 'read') return loadSlice(work, claim)
  await verifySources(work)
  await endLapsedSessions(work)
  await finishWithoutRefused(work, claim)
}

/** Whether every slice is done or the run has ended. */
async function isOver(work: Work): Promise<boolean> {
  const counts = await retrying(work.retries, () => sliceCounts(work.session, work.run.id))
  if (counts.done === counts.total) return true
  const run = await retrying(work.retries, () => findRunById(work.session, work.run.id))
  return run.state !== 'Running'
}

/**
 * Fails the run for all its workers. Staged rows are kept for a resumption if the failure is retryable, and removed otherwise. The failure
 * is recorded in its own transaction, so that a later error neither hides it nor rolls it back.
 */
async function fail(options: WorkOptions, session: StoreSession, work: Work | undefined, error: unknown): Promise<void> {
  const failure = { ...failureOf(error), message: reportedMessage(options.run.spec, error) }
  await retriedTransaction(options, session, (transaction) => failRun(transaction, options.run.id, failure))
  if (!failure.retryable && work !== undefined) await cleanUp(work, options.databaseUrl)
}

/** Whether another worker took over the slice, or the run has ended: not a failure of this worker. */
function isStale(error: unknown): boolean {
  return error instanceof HeadgateError && (error.code === 'StaleEpoch' || error.code === 'RunEnded')
}
