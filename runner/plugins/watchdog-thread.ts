// The thread that ends the worker when its main thread hangs in a plugin. Started by watchdog.ts.
import { writeSync } from 'node:fs'
import type { Debugger } from 'node:inspector'
import { Session } from 'node:inspector/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { workerData } from 'node:worker_threads'
import { workerExitCodes } from '../../crds/wire/worker-report.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { failureOf } from '../../sdk/thrown.ts'
import { failRun, findRunById } from '../../store/runs.ts'
import { StoreSession } from '../../store/session.ts'
import { terminateConnections } from '../../store/sessions.ts'
import { type Outcome, outcomeOf, outcomeOfWorker, writeReport } from '../reports/worker-report.ts'
import { retrying } from '../retry.ts'
import { endProcess } from './end-process.ts'
import { hearInterrupts, type Interrupts } from './interrupts.ts'
import { culprit, foundIn, isForeign } from './modules.ts'

export type WatchdogData = {
  modules: string[]
  databaseUrl: string
  run: number
  worker: string
  /** A counter that the main thread increments while it runs. */
  pulse: SharedArrayBuffer
  beatMilliseconds: number
  /** The main thread hangs after so many checks without an increment. */
  beats: number
  stuckMilliseconds: number
  /** Event of `process` on which the main thread exits with the code. */
  exitEvent: string
  /** Replaces the worker's exit code. */
  exitCode?: number | undefined
  interruptedCode?: number | undefined
  reportFile?: string | undefined
}

const data = workerData as WatchdogData
/** How long to wait for the main thread's stack. A thread that waits for a lock does not report one. */
const patienceMilliseconds = 5000
/** After so many checks without an increment, Ctrl-C is handled here. */
const deafBeats = 2
/** Of `retrying`: enough to outlast a restart of the store, not its absence. */
const policy = { limit: 5, initialMilliseconds: 500, maxMilliseconds: 5000 }

const pulse = new Int32Array(data.pulse)
let seen = Atomics.load(pulse, 0)
let missed = 0
let interrupts: Interrupts | undefined
for (;;) {
  await sleep(data.beatMilliseconds)
  const count = Atomics.load(pulse, 0)
  // Checks are counted, not time: a pause of the whole process stops both threads.
  missed = count === seen ? missed + 1 : 0
  seen = count
  if (data.interruptedCode !== undefined) await mindInterrupts(data.interruptedCode)
  if (missed < data.beats) continue
  missed = 0
  const main = await pausedMainThread()
  const plugin = stuckPlugin(main.frames)
  if (plugin === undefined || Atomics.load(pulse, 0) !== seen) main.resume()
  else await end(plugin, main)
}

/** Ends the command on Ctrl-C while the main thread hangs. The run stays Running, so it can be resumed. */
async function mindInterrupts(code: number): Promise<void> {
  if (missed >= deafBeats) interrupts ??= hearInterrupts()
  else {
    interrupts?.stop()
    interrupts = undefined
  }
  if (interrupts?.interrupted !== true) return
  writeSync(2, 'interrupted while a plugin did not yield; the run can be resumed\n')
  await leave(code, await pausedMainThread())
}

/** Undefined if only Headgate's own code is on the stack. A module may import its class from another file, or from a package. */
function stuckPlugin(frames: readonly string[] | undefined): string | undefined {
  if (frames === undefined) return culprit(data.modules, [])
  return foundIn(data.modules, frames) ?? (frames.some(isForeign) ? culprit(data.modules, []) : undefined)
}

type MainThread = {
  /** URLs of the files on its stack, the innermost first; undefined if the thread cannot be paused, as while it waits for a lock. */
  frames: string[] | undefined
  /** Makes it call the listeners of `exitEvent`. */
  exit(code: number): Promise<unknown>
  resume(): void
}

/** Pauses the main thread. */
async function pausedMainThread(): Promise<MainThread> {
  const session = new Session()
  session.connectToMainThread()
  // A call frame has the id of its script, not the URL.
  const files = new Map<string, string>()
  session.on('Debugger.scriptParsed', ({ params }) => files.set(params.scriptId, params.url))
  const paused = new Promise<Debugger.CallFrame[]>((resolve) => session.once('Debugger.paused', ({ params }) => resolve(params.callFrames)))
  const asked = session.post('Debugger.enable').then(() => session.post('Debugger.pause'))
  const frames = await Promise.race([asked.then(() => paused), sleep(patienceMilliseconds)])
  const emit = `globalThis.process.emit(${JSON.stringify(data.exitEvent)}`
  return {
    frames: frames?.map(({ location }) => files.get(location.scriptId) ?? ''),
    exit: async (code) => session.post('Debugger.evaluateOnCallFrame', { callFrameId: frames?.[0]?.callFrameId ?? '', expression: `${emit}, ${code})` }),
    resume: () => session.disconnect(),
  }
}

/** Records the failure and ends the process. */
async function end(plugin: string, main: MainThread): Promise<void> {
  const seconds = Math.round(data.stuckMilliseconds / 1000)
  const message = `plugin ${plugin} did not yield for ${seconds} s; look for a loop that has no end, or work in parts and await between them`
  const failure = failureOf(new HeadgateError('PluginStuck', message))
  writeSync(2, `${failure.code}: ${message}\n`)
  // If the store cannot be reached, the failure is not recorded.
  const { report, exitCode } = await recorded(failure).catch(() => outcomeOfWorker('Running', workerExitCodes.workerFailed, failure))
  if (data.reportFile !== undefined) writeReport(data.reportFile, report)
  await leave(data.exitCode ?? exitCode, main)
}

/** Ends the process: from within the main thread, which then runs its exit handlers, or by force if that does not work. */
async function leave(code: number, main: MainThread): Promise<void> {
  if (main.frames !== undefined) await Promise.race([main.exit(code).catch(() => {}), sleep(patienceMilliseconds)])
  endProcess(code)
}

/** Writes the failure into the store. Ends the main thread's connections first, because they may hold locks. */
async function recorded(failure: ReturnType<typeof failureOf>): Promise<Outcome> {
  const session = new StoreSession(data.databaseUrl, 'headgate watchdog')
  const { signal } = new AbortController()
  try {
    return await retrying({ policy, signal }, async () => {
      await terminateConnections(session, [data.worker]).catch(() => {})
      await session.transaction((transaction) => failRun(transaction, data.run, failure))
      return outcomeOf(session, await findRunById(session, data.run))
    })
  } finally {
    await session.close()
  }
}
