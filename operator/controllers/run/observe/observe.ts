// Follows a started run: collects what its Job and pods say, lets `decide` judge, and writes what is news.
import { labels } from '../../../../crds/metadata.ts'
import type { KeptJob } from '../../../cache/jobs.ts'
import { type KeptPod, keepPod } from '../../../cache/pods.ts'
import { isOwnJob, type KeptRun, runKey, succeededCondition } from '../../../cache/runs.ts'
import type { Job } from '../../../kubernetes/objects.ts'
import { jobs, pods as podsResource } from '../../../kubernetes/resources.ts'
import type { LiveProgress } from '../../progress/book.ts'
import { conclude } from '../conclude.ts'
import { type Again, memoryOf, type RunContext } from '../context.ts'
import { isLosingPods, letGo, namespaceGone, namespaceLookMs, namespaceSeemsToGo } from '../namespace.ts'
import { goOn } from '../status.ts'
import { attempts, jobOf, latestReport, podsOf, type Workers } from '../workers.ts'
import { type Observation, type Observed, observe } from './decide.ts'
import { askedForHint, hintMs } from './hint.ts'
import type { Problem } from './waiting.ts'

/** Changes of numbers and wording are written at most this often; changes of phase and reason at once. */
const wordingMs = 2000
const cacheLagMs = 1000
const quietReasons: ReadonlySet<string> = new Set(['Starting', 'Running'])

type Going = Extract<Observation, { kind: 'Going' }>

type Seen = Observed & { observation: Observation }

/** Stops the workers of a run that was asked to stop. */
type Stop = (context: RunContext, run: KeptRun, workers: { job: KeptJob; pods: readonly KeptPod[] }) => Promise<Again>

export async function followRun(context: RunContext, run: KeptRun, stop: Stop): Promise<Again> {
  const seen = await look(context, run)
  const { job, pods } = seen
  if (job === undefined || !isLosingPods(job, pods)) return await act(context, run, seen, stop)
  if (await namespaceSeemsToGo(context, run)) {
    await letGo(context, run, job)
    return await conclude(context, run, seen, { kind: 'Cancelled', said: namespaceGone(run), report: latestReport(pods) })
  }
  const next = await act(context, run, seen, stop)
  return { again: Math.min(next?.again ?? namespaceLookMs, namespaceLookMs) }
}

async function act(context: RunContext, run: KeptRun, seen: Seen, stop: Stop): Promise<Again> {
  const { job, pods, observation } = seen
  switch (observation.kind) {
    case 'NoJob':
      return await withoutJob(context, run)
    case 'AwaitReport':
      return { again: observation.again }
    case 'Going':
      if (job !== undefined && run.spec.cancel === true) return await stop(context, run, { job, pods })
      return await reportGoing(context, run, seen, observation)
    default:
      return await conclude(context, run, seen, observation)
  }
}

/** Reads the caches; if no cached pod reports how the Job ended, lists pods from the API server. */
async function look(context: RunContext, run: KeptRun): Promise<Seen> {
  const cached = observedOf(context, run)
  const observation = observe(cached)
  if (cached.job?.end === undefined || !isUntold(observation)) return { ...cached, observation }
  const fresh = { ...cached, pods: await freshPods(context, run, cached.job.uid) }
  return { ...fresh, observation: observe(fresh) }
}

function observedOf(context: RunContext, run: KeptRun): Observed {
  const now = context.clock.now()
  const memory = memoryOf(context, run)
  const job = jobOf(context, run)
  if (job?.end !== undefined) memory.endSeenAt ??= now
  return {
    now,
    startedAt: Date.parse(run.status?.startTime ?? '') || now,
    running: run.status?.phase === 'Running',
    job,
    pods: podsOf(context, run, job),
    endSeenAt: memory.endSeenAt,
    hint: memory.hint,
  }
}

/** Whether it ended and no pod that was looked at reported. */
function isUntold(observation: Observation): boolean {
  return (observation.kind === 'Succeeded' || observation.kind === 'Failed') && observation.report === undefined
}

/** The watch of pods may be behind that of Jobs, by much after an operator was frozen or cut off. */
async function freshPods({ client }: Pick<RunContext, 'client'>, { metadata }: KeptRun, jobUid: string): Promise<KeptPod[]> {
  const { namespace, name } = metadata
  const { items } = await client.list(podsResource, { namespace, labelSelector: `${labels.run}=${name}` })
  return items.map(keepPod).filter((pod) => pod.jobUid === jobUid)
}

async function reportGoing(context: RunContext, run: KeptRun, observed: Observed, { phase, said, again, wonder }: Going): Promise<Again> {
  const memory = memoryOf(context, run)
  if (wonder !== undefined && (await askedForHint(context, run, observed, wonder))) return { again: 0 }
  const last = succeededCondition(run.status)
  const sameReason = run.status?.phase === phase && last?.reason === said.reason
  const wait = sameReason ? (memory.saidAt ?? 0) + wordingMs - observed.now : 0
  const next = sooner(again, wonder === undefined ? undefined : hintMs)
  if (wait > 0) return { again: sooner(next, wait) ?? wait }
  const type = quietReasons.has(said.reason) ? 'Normal' : 'Warning'
  const written = await goOn(context, run, {
    phase,
    said: { reason: said.reason, message: wording(said, sameReason ? last?.message : undefined) },
    more: moreOf(context, run, observed),
    event: sameReason ? undefined : { action: 'Observe', type, said },
  })
  if (written !== undefined && written !== run) memory.saidAt = observed.now
  return next === undefined ? undefined : { again: next }
}

function wording({ message, vague }: Problem, before: string | undefined): string {
  return vague === true && before !== undefined ? before : message
}

function moreOf(context: RunContext, run: KeptRun, { job, pods }: Workers): LiveProgress & { attempts?: number } {
  const { records, slices, throughput } = context.progress.latest(runKey(run)) ?? {}
  const failed = job === undefined ? 0 : attempts(job, pods)
  return {
    ...(failed > 0 ? { attempts: failed } : {}),
    ...(records === undefined ? {} : { records }),
    ...(slices === undefined ? {} : { slices }),
    ...(throughput === undefined ? {} : { throughput }),
  }
}

function sooner(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Math.min(one, other)
}

/** The cache has no Job of a run that had one. */
async function withoutJob(context: RunContext, run: KeptRun): Promise<Again> {
  const { name: runName, namespace, uid } = run.metadata
  const name = run.status?.jobName ?? runName
  const found = await context.client.get(jobs, name, namespace)
  const own = found?.metadata.ownerReferences?.some((owner) => owner.uid === uid) && isOwnJob(run, found.metadata.uid) ? found.metadata : undefined
  if (own !== undefined && isWatched(own)) return { again: cacheLagMs }
  if (own !== undefined) await letGo(context, run, { name, uid: own.uid ?? '' })
  const what = own === undefined ? 'is gone' : 'lost its labels, without which the operator cannot follow it, and was deleted'
  const message = `Job ${name} ${what}, so nobody works on the run any more; create another run, and leave the Jobs of runs alone`
  return await conclude(context, run, { job: undefined, pods: [] }, { kind: 'Failed', said: { reason: 'JobLost', message } })
}

/** Whether a Job has the labels by which the cache selects Jobs. */
function isWatched({ labels: its = {} }: Job['metadata']): boolean {
  return its[labels.managedBy] === 'headgate' && its[labels.component] === 'worker'
}
