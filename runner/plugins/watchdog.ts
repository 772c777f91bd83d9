// startWatchdog: ends a worker whose plugin never yields, from a thread of its own: the main thread answers no timer and no signal then.
import { url as debuggerUrl } from 'node:inspector'
import { Worker } from 'node:worker_threads'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { pluginModules } from './modules.ts'
import type { WatchdogData } from './watchdog-thread.ts'

/** A main thread that did nothing else for this long is taken to hang; in Redis, such a worker is as good as dead. */
const defaultStuckMilliseconds = 300_000
/** How often the main thread shows that it lives, and the watchdog looks; at least `fewestBeats` times in the time after which it hangs. */
const longestBeatMilliseconds = 1000
const fewestBeats = 20
const exitEvent = 'headgate plugin stuck'

export type StuckOptions = {
  /** Default: five minutes. */
  stuckMilliseconds?: number | undefined
  /** With what the process ends; if undefined, with the code by which a worker says how its run ended. */
  exitCode?: number | undefined
  /** With what the process ends when Ctrl-C comes while it hangs; if undefined, the process is no command of a terminal. */
  interruptedCode?: number | undefined
  /** File for the WorkerReport, see ClusterWorkerConfig. */
  reportFile?: string | undefined
}

export type Watched = { spec: PipelineSpec; databaseUrl: string; run: number; worker: string }

/** Watches until the returned function is called. Starts no thread for a pipeline without plugins, nor under a debugger, which stops it as well. */
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
  // A watchdog that cannot be had is no reason to end a run.
  thread.on('error', () => {})
  return () => {
    clearInterval(timer)
    process.off(exitEvent, exit)
    void thread.terminate()
  }
}
