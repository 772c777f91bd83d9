// A worker process: works on one run until it is over. Started by the local mode, and later by the Job of a PipelineRun.
import { HeadgateError } from '../sdk/index.ts'
import { findRun } from '../store/runs.ts'
import { LocalCheckpoints } from './checkpoints/local.ts'
import { workerConfig } from './config.ts'
import { StoreSession } from './engine/session.ts'
import { runWorker } from './engine/worker.ts'

/** 0: the run succeeded. 65: it cannot succeed. 1: this worker failed, another may do better. */
const exitCodes = { succeeded: 0, workerFailed: 1, runFailed: 65 }

const config = workerConfig()
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
process.once('disconnect', () => stop.abort())

try {
  const session = new StoreSession(config.storeUrl, 'headgate')
  const run = await findRun(session, config.run)
  await session.close()
  if (run === undefined) throw new HeadgateError('RunNotFound', `the store knows no run named ${config.run}`)
  const checkpoints = new LocalCheckpoints({ onProgress: (progress) => process.send?.({ progress }), signal: stop.signal })
  const ended = await runWorker({ run, folder: config.folder, databaseUrl: config.storeUrl, checkpoints, signal: stop.signal })
  if (ended.state === 'Running') process.exitCode = exitCodes.workerFailed
  else process.exitCode = ended.state === 'Succeeded' ? exitCodes.succeeded : exitCodes.runFailed
} catch (error) {
  process.stderr.write(`${error instanceof HeadgateError ? `${error.code}: ${error.message}` : String(error)}\n`)
  process.exitCode = exitCodes.workerFailed
}
process.disconnect?.()
