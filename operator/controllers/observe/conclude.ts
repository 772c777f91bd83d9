// Writes how a started run ended, with its totals: from a worker's report, or else from the store, if there is one.
import { labels } from '../../../crds/metadata.ts'
import type { WorkerReport } from '../../../crds/wire/worker-report.ts'
import type { KeptRun } from '../../kept.ts'
import type { Job } from '../../kubernetes/objects.ts'
import { jobs } from '../../kubernetes/resources.ts'
import { type Again, type Ending, finish, type RunContext } from '../run-context.ts'
import { isOwnJob, storedRun } from '../run-state.ts'
import { attempts } from './decide.ts'
import type { FailedEnd } from './ending.ts'
import type { KeptJob } from './kept-job.ts'
import type { KeptPod } from './kept-pod.ts'
import { letGo, namespaceGoes, namespaceGone } from './namespace.ts'
import { boundedReport } from './report.ts'
import { finalEnd, resultOf, totalsMessage } from './result.ts'

/** What is left of who worked on the run. */
type Works = { job: KeptJob | undefined; pods: readonly KeptPod[] }

type End = FailedEnd | { kind: 'Succeeded'; report: WorkerReport | undefined }

/** A store that does not answer keeps no run from ending. */
const storePatienceMs = 5000
const cacheLagMs = 1000

export async function conclude(context: RunContext, run: KeptRun, works: Works, told: End): Promise<Again> {
  const seen = await inItsNamespace(context, run, told)
  const toldBySomeone = seen.report !== undefined && seen.report.state !== 'Running'
  const stored = toldBySomeone ? undefined : await askStore(context, (store) => store.findTotals(storedRun(run)))
  const end = finalEnd(run, seen, stored && boundedReport(stored))
  // Workers that are gone or cut off have left the run open in the store.
  if (end.kind !== 'Succeeded' && end.report?.state !== end.kind) await closeInStore(context, run, end)
  return await finish(context, run, endingOf(run, works, end))
}

/** Workers and Jobs that go with their namespace fail in many ways, none of which is the reason. What a worker reports is. */
async function inItsNamespace(context: RunContext, run: KeptRun, end: End): Promise<End> {
  if (end.kind !== 'Failed' || end.failure !== undefined || end.said.reason === 'Timeout') return end
  return (await namespaceGoes(context, run)) ? { kind: 'Cancelled', said: namespaceGone(run), report: end.report } : end
}

function endingOf(run: KeptRun, { job, pods }: Works, end: End): Ending {
  const more = {
    ...resultOf(end.report),
    ...(job === undefined ? {} : { attempts: attempts(job, pods) }),
    ...(end.kind !== 'Succeeded' && end.failure !== undefined ? { failure: end.failure } : {}),
  }
  const at = job?.end?.at || undefined
  if (end.kind !== 'Succeeded') return { phase: end.kind, said: end.said, more, at }
  return { phase: 'Succeeded', said: { reason: 'Succeeded', message: totalsMessage(run, end.report?.records) }, more, at }
}

async function closeInStore(context: RunContext, run: KeptRun, end: FailedEnd): Promise<void> {
  const { reason: code, message } = end.said
  const failure = end.kind === 'Failed' ? (end.failure ?? { code, message: message.slice(0, 2048), retryable: false }) : undefined
  await askStore(context, (store) => store.end(storedRun(run), end.kind, failure))
}

/** Undefined also if the store cannot be asked. */
async function askStore<Answer>(context: RunContext, question: (store: NonNullable<RunContext['store']>) => Promise<Answer>): Promise<Answer | undefined> {
  const { store, clock, report } = context
  if (store === undefined) return undefined
  let cancel = () => {}
  const patience = new Promise<never>((_, reject) => {
    cancel = clock.after(storePatienceMs, () => reject(new Error(`the store did not answer within ${storePatienceMs / 1000} s`)))
  })
  try {
    return await Promise.race([question(store), patience])
  } catch (error) {
    report('store', error)
    return undefined
  } finally {
    cancel()
  }
}

/** The cache has no Job of a run that had one. */
export async function withoutJob(context: RunContext, run: KeptRun): Promise<Again> {
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
