// Follows a started run: collects the state of its Job and pods, calls the pure decision in decide.ts, and writes changes. Called by run.ts.
import { labels } from '../../../../crds/metadata.ts'
import type { CachedJob } from '../../../cache/jobs.ts'
import { type CachedPod, toCachedPod } from '../../../cache/pods.ts'
import { type CachedRun, isOwnJob, runKey, succeededCondition } from '../../../cache/runs.ts'
import type { Job } from '../../../kubernetes/objects.ts'
import { jobs, pods as podsResource } from '../../../kubernetes/resources.ts'
import type { LiveProgress } from '../../progress/book.ts'
import { conclude } from '../conclude.ts'
import { memoryOf, type Requeue, type RunContext } from '../context.ts'
import { deleteJob, isLosingPods, isNamespaceTerminatingThrottled, namespaceCheckMs, namespaceTerminating } from '../namespace.ts'
import { writeOngoing } from '../status.ts'
import { attempts, jobOf, latestReport, podsOf, type Workers } from '../workers.ts'
import { type Observation, type Observed, observe } from './decide.ts'
import { foundNewHint, hintMs } from './hint.ts'
import type { Problem } from './waiting.ts'

/** Changes of counts and messages are written at most this often; changes of phase and reason at once. */
const wordingMs = 2000
const cacheLagMs = 1000
const normalReasons: ReadonlySet<string> = new Set(['Starting', 'Running'])

type Ongoing = Extract<Observation, { kind: 'Ongoing' }>

type ObservedRun = Observed & { observation: Observation }

/** Stops the workers of a run that was asked to stop. */
type Stop = (context: RunContext, run: CachedRun, workers: { job: CachedJob; pods: readonly CachedPod[] }) => Promise<Requeue>

export async function followRun(context: RunContext, run: CachedRun, stop: Stop): Promise<Requeue> {
  const seen = await look(context, run)
  const { job, pods } = seen
  if (job === undefined || !isLosingPods(job, pods)) return await act(context, run, seen, stop)
  if (await isNamespaceTerminatingThrottled(context, run)) {
    await deleteJob(context, run, job)
    return await conclude(context, run, seen, { kind: 'Cancelled', condition: namespaceTerminating(run), report: latestReport(pods) })
  }
  const next = await act(context, run, seen, stop)
  return { requeueAfterMs: Math.min(next?.requeueAfterMs ?? namespaceCheckMs, namespaceCheckMs) }
}

async function act(context: RunContext, run: CachedRun, seen: ObservedRun, stop: Stop): Promise<Requeue> {
  const { job, pods, observation } = seen
  switch (observation.kind) {
    case 'NoJob':
      return await withoutJob(context, run)
    case 'AwaitReport':
      return { requeueAfterMs: observation.requeueAfterMs }
    case 'Ongoing':
      if (job !== undefined && run.spec.cancel === true) return await stop(context, run, { job, pods })
      return await writeOngoingStatus(context, run, seen, observation)
    default:
      return await conclude(context, run, seen, observation)
  }
}

/** Reads the caches; if no cached pod reports how the Job ended, lists pods from the API server. */
async function look(context: RunContext, run: CachedRun): Promise<ObservedRun> {
  const cached = observedOf(context, run)
  const observation = observe(cached)
  if (cached.job?.end === undefined || !lacksReport(observation)) return { ...cached, observation }
  const fresh = { ...cached, pods: await freshPods(context, run, cached.job.uid) }
  return { ...fresh, observation: observe(fresh) }
}

function observedOf(context: RunContext, run: CachedRun): Observed {
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

/** Whether the run ended and none of the given pods has a report. */
function lacksReport(observation: Observation): boolean {
  return (observation.kind === 'Succeeded' || observation.kind === 'Failed') && observation.report === undefined
}

/** The watch of pods may be behind that of Jobs, in particular after the operator was frozen or disconnected. */
async function freshPods({ client }: Pick<RunContext, 'client'>, { metadata }: CachedRun, jobUid: string): Promise<CachedPod[]> {
  const { namespace, name } = metadata
  const { items } = await client.list(podsResource, { namespace, labelSelector: `${labels.run}=${name}` })
  return items.map(toCachedPod).filter((pod) => pod.jobUid === jobUid)
}

async function writeOngoingStatus(
  context: RunContext,
  run: CachedRun,
  observed: Observed,
  { phase, condition, requeueAfterMs, unexplained }: Ongoing,
): Promise<Requeue> {
  const memory = memoryOf(context, run)
  if (unexplained !== undefined && (await foundNewHint(context, run, observed, unexplained))) return { requeueAfterMs: 0 }
  const last = succeededCondition(run.status)
  const sameReason = run.status?.phase === phase && last?.reason === condition.reason
  const wait = sameReason ? (memory.messageWrittenAt ?? 0) + wordingMs - observed.now : 0
  const next = sooner(requeueAfterMs, unexplained === undefined ? undefined : hintMs)
  if (wait > 0) return { requeueAfterMs: sooner(next, wait) ?? wait }
  const type = normalReasons.has(condition.reason) ? 'Normal' : 'Warning'
  const written = await writeOngoing(context, run, {
    phase,
    condition: { reason: condition.reason, message: wording(condition, sameReason ? last?.message : undefined) },
    more: moreOf(context, run, observed),
    event: sameReason ? undefined : { action: 'Observe', type, condition },
  })
  if (written !== undefined && written !== run) memory.messageWrittenAt = observed.now
  return next === undefined ? undefined : { requeueAfterMs: next }
}

function wording({ message, vague }: Problem, before: string | undefined): string {
  return vague === true && before !== undefined ? before : message
}

function moreOf(context: RunContext, run: CachedRun, { job, pods }: Workers): LiveProgress & { attempts?: number } {
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
async function withoutJob(context: RunContext, run: CachedRun): Promise<Requeue> {
  const { name: runName, namespace, uid } = run.metadata
  const name = run.status?.jobName ?? runName
  const found = await context.client.get(jobs, name, namespace)
  const own = found?.metadata.ownerReferences?.some((owner) => owner.uid === uid) && isOwnJob(run, found.metadata.uid) ? found.metadata : undefined
  if (own !== undefined && isWatched(own)) return { requeueAfterMs: cacheLagMs }
  if (own !== undefined) await deleteJob(context, run, { name, uid: own.uid ?? '' })
  const what = own === undefined ? 'was deleted' : 'was deleted by the operator, which cannot follow a Job without its labels,'
  const message = `Job ${name} ${what} before the run ended; create another run, and do not change or delete the Jobs of runs`
  return await conclude(context, run, { job: undefined, pods: [] }, { kind: 'Failed', condition: { reason: 'JobLost', message } })
}

/** Whether a Job has the labels that the cache selects by. */
function isWatched({ labels: own = {} }: Job['metadata']): boolean {
  return own[labels.managedBy] === 'headgate' && own[labels.component] === 'worker'
}
