// Runs a run's workers on this machine: the first in this process, the others as child processes that are started anew when they die.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { SliceProgress } from '../../runner/coordination/coordination.ts'
import { LocalCoordination } from '../../runner/coordination/local.ts'
import { runWorker } from '../../runner/engine/worker.ts'
import type { Run } from '../../store/runs.ts'
import { workerEnvironment } from '../config.ts'
import { exitCodes } from '../exit-codes.ts'

export type LocalWorkers = {
  run: Run
  workers: number
  databaseUrl: string
  folder: string
  signal: AbortSignal
  onProgress: (progress: SliceProgress) => void
}

/** A worker that dies this often is not started again; the others go on. */
const maxRestarts = 5

/** Resolves when every worker has ended; how the run ended is on its row. If the first cannot go on, it stops the others and throws. */
export async function runLocalWorkers(options: LocalWorkers): Promise<void> {
  const { run, folder, databaseUrl, onProgress } = options
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const others = Array.from({ length: options.workers - 1 }, () => superviseWorker({ ...options, signal }))
  try {
    const stuck = { exitCode: exitCodes.failed, interruptedCode: exitCodes.interrupted }
    await runWorker({ run, folder, databaseUrl, signal, coordination: new LocalCoordination({ onProgress }), stuck })
  } catch (error) {
    stop.abort()
    throw error
  } finally {
    await Promise.all(others)
  }
}

async function superviseWorker(options: LocalWorkers): Promise<void> {
  for (let start = 0; start <= maxRestarts && !options.signal.aborted; start++) {
    const { code, signal } = await oneWorker(options)
    // 0 and 65 are verdicts about the run; anything else is about this process alone.
    if (signal === null && (code === 0 || code === 65)) return
  }
}

async function oneWorker(options: LocalWorkers): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const child = fork(fileURLToPath(new URL(`../../runner/main.${extension}`, import.meta.url)), {
    env: workerEnvironment(options),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const stop = () => child.kill('SIGTERM')
  options.signal.addEventListener('abort', stop, { once: true })
  child.on('message', (message: { progress: SliceProgress }) => options.onProgress(message.progress))
  try {
    return await ended(child)
  } finally {
    options.signal.removeEventListener('abort', stop)
  }
}

function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
}
