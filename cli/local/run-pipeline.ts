// runPipeline: one run of a pipeline on this machine, from its row in the store to its report. Called by `headgate run` and the demo.
import { dirname, resolve } from 'node:path'
import { runSettings } from '../../crds/defaults.ts'
import type { SliceProgress } from '../../runner/coordination/coordination.ts'
import { retrying, retryPolicy } from '../../runner/retry.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { type RejectReason, topReasons } from '../../store/quarantine-queries.ts'
import { failRun, findRun, listEvents, type Run, type RunFailure } from '../../store/runs.ts'
import { StoreSession } from '../../store/session.ts'
import { type PreparedRun, prepareRun, type RunRequest } from './prepare.ts'
import { runLocalWorkers } from './workers.ts'

/** Of setTimeout: 24 days. */
const longestTimer = 2 ** 31 - 1

export type RunOptions = RunRequest & {
  /** The pipeline's file: relative paths in it start at its folder. */
  file: string
  databaseUrl: string
  signal: AbortSignal
  onStart?: (prepared: PreparedRun) => void
  onProgress?: (progress: SliceProgress) => void
}

export type RunReport = {
  run: Run
  how: PreparedRun['how']
  /** Most frequent reasons for rejecting records. */
  reasons: RejectReason[]
  events: { at: Date; code: string; message: string }[]
}

/** The store must be migrated. Works until the run has ended or `signal` stops it; a stopped run stays Running in the store and can be resumed. */
export async function runPipeline(options: RunOptions): Promise<RunReport> {
  const session = new StoreSession(options.databaseUrl, 'headgate run')
  try {
    const prepared = await prepareRun(session, options)
    options.onStart?.(prepared)
    if (prepared.how !== 'ended') await work(options, prepared.run, session)
    // The run has ended; that the store is away for a moment must not make it look failed.
    return await retrying({ policy: retryPolicy(options.pipeline.spec), signal: options.signal }, () => report(session, prepared))
  } finally {
    await session.close()
  }
}

/** Stops the workers after `spec.timeout`, as a cluster does; they give their slices back, so the run can be resumed. */
async function work(options: RunOptions, run: Run, session: StoreSession): Promise<void> {
  const { databaseUrl } = options
  const folder = dirname(resolve(options.file))
  const workers = options.workers ?? run.workers
  const late = new AbortController()
  const { timeoutMilliseconds } = runSettings(run.spec)
  const timer = timeoutMilliseconds === undefined ? undefined : setTimeout(() => late.abort(), Math.min(timeoutMilliseconds, longestTimer))
  const signal = AbortSignal.any([options.signal, late.signal])
  try {
    await runLocalWorkers({ run, workers, databaseUrl, folder, signal, onProgress: options.onProgress ?? (() => {}) })
  } finally {
    clearTimeout(timer)
  }
  if (late.signal.aborted) await failRun(session, run.id, timedOut(run))
}

function timedOut({ name, spec }: Run): RunFailure {
  const message = `run ${name} did not end within spec.timeout (${spec.timeout}) and was stopped; raise it, add workers, or go on with --resume`
  return { code: 'RunTimeout', message, retryable: true }
}

async function report(session: StoreSession, { run: begun, how }: PreparedRun): Promise<RunReport> {
  const run = await findRun(session, begun.name)
  if (run === undefined) throw new HeadgateError('RunNotFound', `run ${begun.name} is no longer in the store`)
  return { run, how, reasons: await topReasons(session, { run: run.id, limit: 5 }), events: await listEvents(session, run.id) }
}
