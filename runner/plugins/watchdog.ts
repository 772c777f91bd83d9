// startWatchdog: ends a worker whose plugin never yields. Runs in a thread of its own, because the main thread handles no timer and no signal then.
import { url as debuggerUrl } from 'node:inspector'
import { Worker } from 'node:worker_threads'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { pluginModules } from './modules.ts'
import type { WatchdogData } from './watchdog-thread.ts'

/** After how long without a turn of the event loop the main thread counts as hanging. */
const defaultStuckMilliseconds = 300_000
/** How often the main thread increments the counter, and the watchdog checks it; at least `fewestBeats` times before it counts as hanging. */
const longestBeatMilliseconds = 1000
const fewestBeats = 20
const exitEvent = 'headgate plugin stuck'

export type StuckOptions = {
  /** Default: five minutes. */
  stuckMilliseconds?: number | undefined
  /** Exit code of the process. Default: the worker's exit code for its run. */
  exitCode?: number | undefined
  /** Exit code after Ctrl-C while the process hangs; undefined if the process is not a command of a terminal. */
  interruptedCode?: number | undefined
  /** File for the WorkerReport, see ClusterWorkerConfig. */
  reportFile?: string | undefined
}

export type Watched = { spec: PipelineSpec; databaseUrl: string; run: number; worker: string }

/** Watches until the returned function is called. Starts no thread for a pipeline without plugins, or under a debugger, which pauses the process too. */
export function startWatchdog(
  { spec, databaseUrl, run, worker }: Watched,
  { stuckMilliseconds = defaultStuckMilliseconds, ...ending }: StuckOptions,
): () => void {
  const modules = pluginModules(spec)
  if (modules.length === 0 || debuggerUrl() !== undefined) return () => {}
  const pulse = new SharedArrayBuffer(4)
  const counter = new Int32Array(pulse)
  const beatMilliseconds = Math.min(longestBeatMilliseconds, Math.ceil(stuckMilliseconds / fewestBeats))
  const beats = Math.ceil(stuckMilliseconds / beatMilliseconds)
  const exit = (code: number) => process.exit(code)
  process.on(exitEvent, exit)
  const timer = setInterval(() => Atomics.add(counter, 0, 1), beatMilliseconds / 2).unref()
  const data: WatchdogData = { modules, databaseUrl, run, worker, pulse, beatMilliseconds, beats, stuckMilliseconds, exitEvent, ...ending }
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const thread = new Worker(new URL(`./watchdog-thread.${extension}`, import.meta.url), { workerData: data })
  thread.unref()
  // A watchdog that cannot be started must not fail the run.
  thread.on('error', () => {})
  return () => {
    clearInterval(timer)
    process.off(exitEvent, exit)
    void thread.terminate()
  }
}
