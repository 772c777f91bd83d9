// Follows a started run: collects what its Job and pods say, lets `decide` judge, and writes what is news.
import { durationMilliseconds } from '../../../crds/durations.ts'
import type { KeptRun } from '../../kept.ts'
import { ApiError } from '../../kubernetes/api-error.ts'
import { stopRun } from '../cancel/act.ts'
import type { LiveProgress } from '../ports.ts'
import { type Again, goOn, memoryOf, type RunContext, tell } from '../run-context.ts'
import { isOwnJob, runKey, succeededCondition } from '../run-state.ts'
import { conclude, withoutJob } from './conclude.ts'
import { attempts, type Observation, type Observed, observe } from './decide.ts'
import { freshPods, isUntold } from './fresh-pods.ts'
import { latestWarning } from './hint.ts'
import type { KeptJob } from './kept-job.ts'
import type { KeptPod } from './kept-pod.ts'
import { isLosingPods, letGo, namespaceGone, namespaceLookMs, namespaceSeemsToGo } from './namespace.ts'
import { latestReport } from './result.ts'
import type { Problem } from './waiting.ts'

type Going = Extract<Observation, { kind: 'Going' }>

/** Changes of numbers and wording are written at most this often; changes of phase and reason at once. */
const wordingMs = 2000
const hintMs = durationMilliseconds('30s')
const quietReasons: ReadonlySet<string> = new Set(['Starting', 'Running'])

export async function observeRun(context: RunContext, run: KeptRun): Promise<Again> {
  const observed = await closelyObserved(context, run)
  const { job, pods } = observed
  if (!isLosingPods(job, pods)) return await step(context, run, observed)
  if (job !== undefined && (await namespaceSeemsToGo(context, run))) {
    await letGo(context, run, job)
    return await conclude(context, run, { job, pods }, { kind: 'Cancelled', said: namespaceGone(run), report: latestReport(pods) })
  }
  const next = await step(context, run, observed)
  return { again: sooner(next?.again, namespaceLookMs) ?? namespaceLookMs }
}

async function step(context: RunContext, run: KeptRun, observed: Observed): Promise<Again> {
  const { job } = observed
  const observation = observe(observed)
  switch (observation.kind) {
    case 'NoJob':
      return await withoutJob(context, run)
    case 'AwaitReport':
      return { again: observation.again }
    case 'Going':
      if (job !== undefined && run.spec.cancel === true) return await stopRun(context, run, { job, pods: observed.pods })
      return await follow(context, run, observed, observation)
    default:
      return await conclude(context, run, { job, pods: observed.pods }, observation)
  }
}

/** From the caches; and where these would leave an end untold, with the pods as they are. */
async function closelyObserved(context: RunContext, run: KeptRun): Promise<Observed> {
  const observed = observedOf(context, run)
  if (observed.job?.end === undefined || !isUntold(observe(observed))) return observed
  return { ...observed, pods: await freshPods(context, run, observed.job.uid) }
}

/** The Job that was created for this very run, not another of the same name. */
export function jobOf(context: Pick<RunContext, 'jobs'>, run: KeptRun): KeptJob | undefined {
  const job = context.jobs.get(runKey(run))
  return job?.owner?.uid === run.metadata.uid && isOwnJob(run, job.uid) ? job : undefined
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
    pods: context.pods.byIndex('run', runKey(run)).filter(({ jobUid }) => jobUid === job?.uid),
    endSeenAt: memory.endSeenAt,
    hint: memory.hint,
  }
}

async function follow(context: RunContext, run: KeptRun, observed: Observed, { phase, said, again, wonder }: Going): Promise<Again> {
  const memory = memoryOf(context, run)
  if (wonder !== undefined && (await askedForHint(context, run, observed, wonder))) return { again: 0 }
  const last = succeededCondition(run.status)
  const sameReason = run.status?.phase === phase && last?.reason === said.reason
  const wait = sameReason ? (memory.saidAt ?? 0) + wordingMs - observed.now : 0
  const next = sooner(again, wonder === undefined ? undefined : hintMs)
  if (wait > 0) return { again: sooner(next, wait) ?? wait }
  const news = await goOn(
    context,
    run,
    phase,
    { reason: said.reason, message: wording(said, sameReason ? last?.message : undefined) },
    moreOf(context, run, observed),
  )
  if (news) memory.saidAt = observed.now
  if (news && !sameReason) tell(context, run, said, 'Observe', quietReasons.has(said.reason) ? 'Normal' : 'Warning')
  return next === undefined ? undefined : { again: next }
}

/** Looks for an Event that explains the wait; answers whether there is a new one. */
async function askedForHint(context: RunContext, run: KeptRun, { job, now }: Observed, wonder: 'Job' | KeptPod): Promise<boolean> {
  const memory = memoryOf(context, run)
  if (job === undefined || now < (memory.hintAskedAt ?? 0) + hintMs) return false
  memory.hintAskedAt = now
  const uid = wonder === 'Job' ? job.uid : wonder.uid
  const hint = await latestWarning(context.client, run.metadata.namespace, uid).catch((error: unknown) => {
    context.report('events', error)
    // Not allowed to list Events: once is enough.
    if (error instanceof ApiError && error.status === 403) memory.hintAskedAt = Number.POSITIVE_INFINITY
  })
  if (typeof hint !== 'string' || hint === memory.hint) return false
  memory.hint = hint
  return true
}

function wording({ message, vague }: Problem, before: string | undefined): string {
  return vague === true && before !== undefined ? before : message
}

function moreOf(context: RunContext, run: KeptRun, { job, pods }: Observed): LiveProgress & { attempts?: number } {
  const { records, slices, throughput } = context.progress?.latest(runKey(run)) ?? {}
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
