// A worker process: works on one run until the run has ended. Started by the local mode, and by the Job of a PipelineRun.
import { workerExitCodes } from '../crds/wire/worker-report.ts'
import { HeadgateError } from '../sdk/index.ts'
import { failureOf } from '../sdk/thrown.ts'
import { findRun } from '../store/runs.ts'
import { StoreSession } from '../store/session.ts'
import { runClusterWorker } from './cluster/worker.ts'
import { type LocalWorkerConfig, workerConfig } from './config.ts'
import { LocalCoordination } from './coordination/local.ts'
import { RedisCoordination } from './coordination/redis.ts'
import { StoreCoordination } from './coordination/store.ts'
import { runWorker } from './engine/worker.ts'

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
process.once('disconnect', () => stop.abort())

try {
  const config = workerConfig()
  if (config.mode === 'local') process.exitCode = await runLocalWorker(config)
  else {
    const { redisUrl: url, worker: name } = config
    const coordination = url === undefined ? new StoreCoordination(name) : new RedisCoordination({ url, name, onProblem: log })
    // A pending operation of a plugin must not keep the pod running.
    process.exit(await runClusterWorker({ config, coordination, signal: stop.signal, log }))
  }
} catch (error) {
  const { code, message } = failureOf(error)
  log(`${code}: ${message}`)
  process.exitCode = workerExitCodes.workerFailed
}
process.disconnect?.()
// An extractor that waits for its source must not keep the process running.
if (stop.signal.aborted) process.exit()

async function runLocalWorker({ storeUrl, run: name, folder }: LocalWorkerConfig): Promise<number> {
  const session = new StoreSession(storeUrl, 'headgate')
  const run = await findRun(session, name)
  await session.close()
  if (run === undefined) throw new HeadgateError('RunNotFound', `there is no run named ${name} in the store`)
  const coordination = new LocalCoordination({ onProgress: (progress) => process.send?.({ progress }) })
  const { state } = await runWorker({ run, folder, databaseUrl: storeUrl, coordination, signal: stop.signal, stuck: {} })
  if (state === 'Running') return workerExitCodes.workerFailed
  return state === 'Succeeded' ? workerExitCodes.succeeded : workerExitCodes.runFailed
}

function log(line: string): void {
  process.stderr.write(`${line}\n`)
}
