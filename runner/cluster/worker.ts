// runClusterWorker: runs the worker of a pod, from reading the snapshot to the exit code. Called by main.ts.
import { setTimeout as sleep } from 'node:timers/promises'
import { storeName } from '../../crds/wire/redis-keys.ts'
import { workerExitCodes } from '../../crds/wire/worker-report.ts'
import { StoreSession } from '../../store/session.ts'
import type { ClusterWorkerConfig } from '../config.ts'
import type { Coordination } from '../coordination/coordination.ts'
import { runWorker } from '../engine/worker.ts'
import { requireModulesInImage } from '../plugins/in-image.ts'
import { type Outcome, outcomeOf, outcomeOfError, outcomeOfWorker, writeReport } from '../reports/worker-report.ts'
import { type Retries, retrying, retryPolicy } from '../retry.ts'
import { openRun } from './open-run.ts'
import { readSnapshot } from './snapshot.ts'

/** Kubernetes kills a pod 30 s after asking it to stop; the slice must be released before that. */
const stopTimeoutMilliseconds = 20_000

export type ClusterWorkerOptions = {
  config: ClusterWorkerConfig
  coordination: Coordination
  /** Aborted when the pod is asked to stop. */
  signal: AbortSignal
  /** Writes a log line. */
  log: (line: string) => void
  leaseMilliseconds?: number
  /** See StuckOptions. */
  stuckMilliseconds?: number | undefined
}

/** Works until the run has ended or `signal` is aborted, writes the report and returns the exit code. Never throws. */
export async function runClusterWorker(options: ClusterWorkerOptions): Promise<number> {
  const { config, log, coordination } = options
  const outcome = await Promise.race([work(options).catch(outcomeOfError), stopTimeout(options.signal)])
  await coordination.close()
  const { report, exitCode } = outcome
  const problem = writeReport(config.reportFile, report)
  if (problem !== undefined) log(problem)
  const { state, records, failure } = report
  log(`${state}: ${records.read} read, ${records.loaded} loaded, ${records.quarantined} quarantined${failure ? `; ${failure.code}: ${failure.message}` : ''}`)
  return exitCode
}

async function work(options: ClusterWorkerOptions): Promise<Outcome> {
  const { config, coordination, signal, log } = options
  const snapshot = readSnapshot(config.snapshotFile, config.snapshotHash)
  if (snapshot.cancelToken !== undefined) coordination.setCancelToken?.(snapshot.cancelToken)
  if (config.pluginFolder !== undefined) await requireModulesInImage(snapshot.pipeline.spec, config.pluginFolder)
  // Without the pod's name: other tenants of the store can see the name of this session, and could use a worker's name to claim its slices.
  const session = new StoreSession(config.storeUrl, `headgate ${storeName(snapshot.namespace, snapshot.name)}`)
  const retries: Retries = {
    policy: retryPolicy(snapshot.pipeline.spec),
    signal,
    onRetry: (error, wait) => log(`${error.code}: ${error.message}; retrying in ${wait} ms`),
  }
  try {
    const opened = await openRun(snapshot, session, config.storeUrl, retries)
    // Checked again, because a row that existed before may hold another spec.
    if (config.pluginFolder !== undefined) await requireModulesInImage(opened.spec, config.pluginFolder)
    log(`run ${opened.name} of ${opened.pipeline} is ${opened.state}`)
    const { storeUrl: databaseUrl, folder } = config
    const { leaseMilliseconds, stuckMilliseconds } = options
    const stuck = { stuckMilliseconds, reportFile: config.reportFile }
    const more = { ...(leaseMilliseconds !== undefined && { leaseMilliseconds }), onEvent: (code: string, message: string) => log(`${code}: ${message}`) }
    const run = opened.state === 'Running' ? await runWorker({ run: opened, databaseUrl, folder, coordination, signal, stuck, ...more }) : opened
    return await retrying(retries, () => outcomeOf(session, run))
  } finally {
    await session.close()
  }
}

/**
 * Resolves when the time to stop is over. The process then exits even if a commit is in progress: that commit either succeeds, or the next
 * worker repeats its batch.
 */
async function stopTimeout(signal: AbortSignal): Promise<Outcome> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await sleep(stopTimeoutMilliseconds, undefined, { ref: false })
  return outcomeOfWorker('Running', workerExitCodes.workerFailed)
}
