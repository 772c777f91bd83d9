// headgate logs RUN
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadgateError } from '../../sdk/errors.ts'
import { type Cluster, type ConnectOptions, onCluster } from '../cluster/connect.ts'
import { findRun } from '../cluster/look-up.ts'
import { type PodLogs, podLogs } from '../cluster/pod-log.ts'
import { pipelineRuns, type RunObject } from '../cluster/resources.ts'
import { hasEnded, messageOf, phaseOf } from '../cluster/run-state.ts'
import { type WorkerPod, workerPods } from '../cluster/worker-pods.ts'
import { exitCodes } from '../exit-codes.ts'
import { styled, type Terminal } from '../output.ts'

export type LogsOptions = ConnectOptions & { follow?: boolean; tail?: number; worker?: number }

/** How often new pods are looked for while following. */
const pollMilliseconds = 2_000

type LogRequest = { cluster: Cluster; run: string; logs: PodLogs; options: LogsOptions; terminal: Terminal; signal: AbortSignal; tell: (text: string) => void }

/** Writes the logs of the run's workers, each line under its worker's number; with `follow` until the run has ended. */
export async function logsCommand(run: string, options: LogsOptions, terminal: Terminal, signal: AbortSignal): Promise<number> {
  return onCluster(options, async (cluster) => {
    const logs = podLogs(cluster)
    const request = { cluster, run, logs, options, terminal, signal, tell: teller() }
    try {
      await findRun(cluster, run)
      await (options.follow === true ? followAll(request) : readAll(request))
    } finally {
      await logs.close()
    }
    return signal.aborted ? exitCodes.interrupted : exitCodes.ok
  })
}

async function readAll(request: LogRequest): Promise<void> {
  const pods = await podsOf(request)
  for (const pod of pods) {
    if (pod.started) await copy(request, pod)
    else request.tell(waiting(pod))
  }
  if (pods.length > 0) return
  const run = await findRun(request.cluster, request.run)
  const message = [phaseOf(run), messageOf(run)].filter((part) => part !== '').join(', ')
  if (hasEnded(run)) throw new HeadgateError('LogsNotFound', `the pods of run ${request.run} are gone, and their logs with them; it ended as ${message}`)
  request.tell(`run ${request.run} has no pods yet (${message}); -f waits for them`)
}

/** Copies the log of every pod that starts, replacements included, until the run has ended and each log is complete. */
async function followAll(request: LogRequest): Promise<void> {
  const copies = new Map<string, Promise<void>>()
  for (let over = false; !request.signal.aborted; ) {
    for (const pod of await podsOf(request)) {
      if (pod.started && !copies.has(pod.name)) copies.set(pod.name, quiet(copy(request, pod)))
      else if (!pod.started && !pod.ended && pod.waitsFor !== '') request.tell(waiting(pod))
    }
    if (over) break
    const run = await runNow(request)
    // Once more after the end, for a pod that started in between.
    over = run === undefined || hasEnded(run)
    if (!over) await sleep(pollMilliseconds, undefined, { signal: request.signal }).catch(() => {})
  }
  await Promise.all(copies.values())
}

/** Delays a rejection until the promise is awaited. */
function quiet(copying: Promise<void>): Promise<void> {
  copying.catch(() => {})
  return copying
}

async function podsOf({ cluster, run, options }: LogRequest): Promise<WorkerPod[]> {
  return (await workerPods(cluster, run)).filter(({ worker }) => options.worker === undefined || worker === options.worker)
}

async function copy(request: LogRequest, { name, worker, attempt }: WorkerPod): Promise<void> {
  const { logs, options, terminal, signal } = request
  const prefix = styled(terminal, 'dim', attempt === 1 ? `[${worker}]` : `[${worker}.${attempt}]`)
  for await (const line of logs.lines(name, { follow: options.follow === true, tail: options.tail, signal, isOver: () => isOver(request, name) })) {
    terminal.write(terminal.form === 'json' ? `${JSON.stringify({ worker, pod: name, line })}\n` : `${prefix} ${line}\n`)
  }
}

async function isOver(request: LogRequest, pod: string): Promise<boolean> {
  if ((await podsOf(request)).every(({ name, ended }) => name !== pod || ended)) return true
  const run = await runNow(request)
  return run === undefined || hasEnded(run)
}

function runNow({ cluster, run }: LogRequest): Promise<RunObject | undefined> {
  return cluster.client.get(pipelineRuns, run, cluster.namespace)
}

function waiting({ worker, waitsFor }: WorkerPod): string {
  return `worker ${worker} has not started${waitsFor === '' ? '' : `: ${waitsFor}`}`
}

/** Prints each note once, on standard error. */
function teller(): (text: string) => void {
  const told = new Set<string>()
  return (text) => {
    if (!told.has(text)) process.stderr.write(`${text}\n`)
    told.add(text)
  }
}
