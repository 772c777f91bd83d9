// What is measured, in order: start beside finished runs, new runs to Jobs, memory, start again, Job events to run status.
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeClient } from '../../../operator/kubernetes/client.ts'
import { createRun, inParallel, pipelineOf } from './feed.ts'
import type { JobStub } from './job-stub.ts'
import { OperatorProcess } from './operator-process.ts'
import type { Options } from './options.ts'
import type { RunWatch } from './run-watch.ts'

export type Figures = {
  runsPerSecond: number
  /** Milliseconds from the creation of a run to its Job. */
  jobAfter: { median: number; p99: number }
  restartSeconds: number
  peakBytes: number
  residentBytes: number
  /** Milliseconds from the response to a Job's status patch to the run's status, seen by a watch. */
  statusAfter: { median: number; p99: number }
  /** Of one whole life of a run, by HTTP method. */
  requestsPerRun: Map<string, number>
  /** Jobs beyond one for each run. */
  duplicateJobs: number
}

export type Bench = {
  client: KubeClient
  runs: RunWatch
  jobs: JobStub
  options: Options
  kubeconfigPath: string
  project: string
  tell(line: string): void
  signal: AbortSignal
}

const patienceMilliseconds = 300_000
const settleSeconds = 20

export async function measureOperator(bench: Bench): Promise<Figures> {
  const { kubeconfigPath, project, tell, options } = bench
  const first = await OperatorProcess.start(project, kubeconfigPath)
  tell(`ready after ${first.readySeconds.toFixed(1)} s beside ${options.finished} finished runs`)
  await untilQuiet(first)
  const names = Array.from({ length: options.active }, (_, index) => `${pipelineOf(index, options.pipelines)}-new-${index}`)
  const before = await first.requests()
  const throughput = await measureThroughput(bench, names)
  await becomeActive(bench, names)
  await sleep(settleSeconds * 1000)
  const started = await first.requests()
  const memory = { peakBytes: first.peakBytes, residentBytes: first.residentBytes(10) }
  await first.stop()
  const second = await OperatorProcess.start(project, kubeconfigPath)
  tell(`ready again after ${second.readySeconds.toFixed(1)} s beside ${options.finished + options.active} runs`)
  await untilQuiet(second)
  const restarted = await second.requests()
  const statusAfter = await measureLatency(bench, names)
  await untilQuiet(second)
  const finished = await second.requests()
  const requestsPerRun = new Map([...difference(before, started), ...difference(restarted, finished)].map(([method]) => [method, 0]))
  for (const part of [difference(before, started), difference(restarted, finished)]) {
    for (const [method, count] of part) requestsPerRun.set(method, (requestsPerRun.get(method) ?? 0) + count / names.length)
  }
  const peakBytes = Math.max(memory.peakBytes, second.peakBytes)
  await second.stop()
  const duplicateJobs = bench.jobs.uids.size - names.length
  return { ...throughput, ...memory, peakBytes, restartSeconds: second.readySeconds, statusAfter, requestsPerRun, duplicateJobs }
}

async function measureThroughput({ client, jobs, options, tell, signal }: Bench, names: readonly string[]) {
  const created = new Map<string, number>()
  const began = performance.now()
  await inParallel(names.length, async (index) => {
    const name = names[index] as string
    created.set(name, performance.now())
    await createRun(client, name, pipelineOf(index, options.pipelines))
  })
  await until(() => jobs.created.size >= names.length, `${names.length} Jobs`, signal)
  const last = Math.max(...names.map((name) => jobs.created.get(name) as number))
  const runsPerSecond = names.length / ((last - began) / 1000)
  tell(`${runsPerSecond.toFixed(1)} runs/s from create to Job`)
  return { runsPerSecond, jobAfter: spread(names.map((name) => (jobs.created.get(name) as number) - (created.get(name) as number))) }
}

async function becomeActive({ jobs, runs, signal }: Bench, names: readonly string[]): Promise<void> {
  await inParallel(names.length, (index) => jobs.work(names[index] as string))
  await until(() => runs.seen.Running.size >= names.length, 'all runs Running', signal)
}

/** Completes the Jobs at a steady pace, so that it is the operator's delay that is seen and not a queue before it. */
async function measureLatency({ jobs, runs, options, tell, signal }: Bench, names: readonly string[]) {
  const patched = new Map<string, number>()
  const began = performance.now()
  const pending = names.map(async (name, index) => {
    await sleep(Math.max(0, began + (1000 * index) / options.completionsPerSecond - performance.now()), undefined, { signal })
    await jobs.complete(name)
    patched.set(name, performance.now())
  })
  await Promise.all(pending)
  await until(() => runs.seen.Succeeded.size >= names.length, 'all runs Succeeded', signal)
  const after = spread(names.map((name) => Math.max(0, (runs.seen.Succeeded.get(name) as number) - (patched.get(name) as number))))
  tell(`${after.p99.toFixed(0)} ms (p99) from Job event to run status`)
  return after
}

/** Until it has sent no request but leases and watches for a while. */
async function untilQuiet(operator: OperatorProcess): Promise<void> {
  const writes = async () => [...(await operator.requests())].reduce((sum, [method, count]) => sum + (method === 'GET' || method === 'PUT' ? 0 : count), 0)
  let last = await writes()
  for (let quiet = 0; quiet < 3; ) {
    await sleep(1000)
    const now = await writes()
    quiet = now === last ? quiet + 1 : 0
    last = now
  }
}

async function until(reached: () => boolean, what: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + patienceMilliseconds
  while (!reached()) {
    signal.throwIfAborted()
    if (performance.now() > deadline) throw new Error(`gave up waiting for ${what} after ${patienceMilliseconds / 1000} s`)
    await sleep(20)
  }
}

function difference(before: Map<string, number>, after: Map<string, number>): [string, number][] {
  return [...after].map(([method, count]) => [method, count - (before.get(method) ?? 0)])
}

function spread(values: readonly number[]): { median: number; p99: number } {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
  return { median: at(0.5), p99: at(0.99) }
}
