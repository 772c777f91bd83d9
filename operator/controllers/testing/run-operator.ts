// An operator with only the run controller, on a real API server, for tests. It can crash after any number of writes, its clock can be
// advanced, and it records its writes and Events.
import { setTimeout as pause } from 'node:timers/promises'
import type { PipelineRunStatus } from '../../../crds/status.ts'
import { type Caches, createCaches, forward, startWatches } from '../../cache/caches.ts'
import type { KubeClient } from '../../kubernetes/client.ts'
import { type Clock, systemClock } from '../../kubernetes/clock.ts'
import type { EventContent } from '../../kubernetes/events.ts'
import { WorkQueue } from '../../kubernetes/queue.ts'
import { runWorkers } from '../../kubernetes/workers.ts'
import type { Limits } from '../../limits.ts'
import { noLimits } from '../../testing/limits.ts'
import { ProgressBook } from '../progress/book.ts'
import { type RunParts, runController } from '../run/run.ts'

export type RunOperatorOptions = {
  client: KubeClient
  namespace: string
  maxActiveRuns?: number
  limits?: Limits
  /** Number of writes that succeed before all further writes fail, as if the process had crashed. */
  crashAtWrite?: number | undefined
  /** Counts only writes to this run and its objects, because a starting operator may also write to other runs. */
  countedRun?: string | undefined
} & Pick<RunParts, 'store' | 'cancelSignal'>

export type RunOperator = {
  caches: Caches
  /** In the form `create jobs orders-1` or `apply pipelineruns/status orders-1`. */
  writes: string[]
  events: { run: string; content: EventContent }[]
  ended: PipelineRunStatus[]
  problems: unknown[]
  /** Resolves when the operator has crashed at a write. */
  crashed: Promise<void>
  /** Advances the clock of the controller and enqueues every run. */
  advanceClock(milliseconds: number): void
  /** Resets the clock to the system time. */
  resetClock(): void
  stop(): Promise<void>
}

const operatorCrashed = new Error('this operator has crashed')

export async function startRunOperator(options: RunOperatorOptions): Promise<RunOperator> {
  const { client, namespace, maxActiveRuns = 100, limits = noLimits, crashAtWrite, countedRun = '', ...ports } = options
  const { clock, skip, resetClock } = skippingClock()
  const { guarded, writes, crashed } = crashingClient(client, crashAtWrite, countedRun)
  const [events, ended, problems] = [[] as RunOperator['events'], [] as PipelineRunStatus[], [] as unknown[]]
  const queue = new WorkQueue({ name: 'run', limits: { initialMs: 20, maxMs: 200, perSecond: 1000, burst: 1000 } })
  const report = (_: string, error: unknown) => void problems.push(error)
  const caches = createCaches()
  const parts = {
    ...ports,
    caches,
    client: guarded,
    events: { event: ({ name }: { name: string }, content: EventContent) => void events.push({ run: name, content }) },
    settings: { workerImage: 'headgate:test', maxActiveRuns, limits },
    runMetrics: { ended: (_: unknown, status: PipelineRunStatus) => void ended.push(status) },
    progress: new ProgressBook(),
    clock,
    report,
  }
  const { reconcile, wakes } = runController.start(parts, queue)
  const watches = startWatches({ client, caches, handlers: forward(() => [wakes]), report, namespaces: [namespace] })
  await watches.synced
  const working = runWorkers(queue, 4, reconcile, { report })
  const advanceClock = (milliseconds: number) => {
    skip(milliseconds)
    for (const key of caches.runs.keys()) queue.add(key)
  }
  const stop = async () => {
    await queue.shutdown()
    await Promise.all([working, watches.stop()])
  }
  return { caches, writes, events, ended, problems, crashed, advanceClock, resetClock, stop }
}

function skippingClock() {
  let skipped = 0
  const skip = (milliseconds: number) => {
    skipped += milliseconds
  }
  const resetClock = () => {
    skipped = 0
  }
  const clock: Clock = { ...systemClock, now: () => Date.now() + skipped }
  return { clock, skip, resetClock }
}

/** The client of a process that crashes at one of its writes; earlier writes have succeeded. */
function crashingClient(client: KubeClient, crashAtWrite: number | undefined, countedRun: string) {
  const writes: string[] = []
  const counts = (what: string) => what.split(' ').at(-1)?.startsWith(countedRun) === true
  let hasCrashed = false
  let die = () => {}
  const crashed = new Promise<void>((resolve) => {
    die = resolve
  })
  const write = (what: string) => {
    if (crashAtWrite !== undefined && counts(what) && writes.filter(counts).length >= crashAtWrite) hasCrashed = true
    if (hasCrashed) {
      die()
      throw operatorCrashed
    }
    writes.push(what)
  }
  const guarded: KubeClient = {
    list: (...given) => client.list(...given),
    watch: (...given) => client.watch(...given),
    get: (...given) => client.get(...given),
    replace: (...given) => client.replace(...given),
    close: () => client.close(),
    create: async (resource, object, options) => {
      write(`create ${resource.plural} ${object.metadata.name}`)
      return await client.create(resource, object, options)
    },
    apply: async (resource, object, options) => {
      write(`apply ${resource.plural}${options?.subresource === undefined ? '' : `/${options.subresource}`} ${object.metadata.name}`)
      return await client.apply(resource, object, options)
    },
    patch: async (resource, name, namespace, patch, options) => {
      write(`patch ${resource.plural} ${name}`)
      return await client.patch(resource, name, namespace, patch, options)
    },
    delete: async (resource, name, namespace, options) => {
      write(`delete ${resource.plural} ${name}`)
      await client.delete(resource, name, namespace, options)
    },
  }
  return { guarded, writes, crashed }
}

/** Calls `look` every 25 ms until it finds something, for at most 10 s; returns what was found. */
export async function eventually<Found>(look: () => Promise<Found | undefined | false> | Found | undefined | false, what = 'it'): Promise<Found> {
  for (let tries = 0; tries < 400; tries++) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    await pause(25)
  }
  throw new Error(`timed out waiting for ${what}`)
}
