// What is to be true of a namespace when all is over: each run has ended as its Job did or for a good reason, and nothing is left over.
import { labels } from '../../../crds/metadata.ts'
import type { PipelineRun } from '../../../crds/pipeline-run.ts'
import { conditionOf } from '../../../operator/controllers/testing/stage.ts'
import type { KubeClient } from '../../../operator/kubernetes/client.ts'
import type { Job, KubeObject } from '../../../operator/kubernetes/objects.ts'
import { configMaps, jobs, pipelineRuns, pods } from '../../../operator/kubernetes/resources.ts'
import { concurrencies } from './feed.ts'
import { type PlayedEnd, workerSelector } from './job-player.ts'
import { jobOver } from './job-witness.ts'

type Run = PipelineRun & KubeObject
type End = { runs: readonly Run[]; jobs: ReadonlyMap<string, Job>; fake: ReadonlyMap<string, PlayedEnd> }

/** Everything that is wrong. */
export async function faultsAtEnd(client: KubeClient, namespace: string, fake: ReadonlyMap<string, PlayedEnd>): Promise<string[]> {
  const there = { namespace, labelSelector: workerSelector }
  const [runs, allJobs, snapshots, allPods] = await Promise.all([
    client.list(pipelineRuns, { namespace }),
    client.list(jobs, there),
    client.list(configMaps, there),
    client.list(pods, there),
  ])
  const end: End = { runs: runs.items, jobs: new Map(allJobs.items.map((job) => [job.metadata.name, job])), fake }
  const uids = new Map(runs.items.map(({ metadata }) => [metadata.name, metadata.uid]))
  const owned = ({ metadata }: KubeObject) => metadata.ownerReferences?.[0]?.uid === uids.get(metadata.labels?.[labels.run] ?? '')
  return [
    ...end.runs.flatMap((run) => faultsOf(run, end).map((fault) => `${run.metadata.name}: ${fault}; ${JSON.stringify(run.status)}`)),
    ...[...allJobs.items, ...snapshots.items].filter((object) => !owned(object)).map(({ kind, metadata }) => `${kind} ${metadata.name} belongs to no run`),
    ...allJobs.items.filter((job) => !jobOver(job)).map(({ metadata }) => `Job ${metadata.name} is still at work`),
    ...allPods.items.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed').map(({ metadata }) => `pod ${metadata.name} is left`),
  ]
}

function faultsOf(run: Run, end: End): string[] {
  const { name } = run.metadata
  const { phase, startTime, completionTime, records } = run.status ?? {}
  const job = end.jobs.get(name)
  const fake = end.fake.get(name)
  const condition = conditionOf(run)
  const claims: [boolean, string][] = [
    [completionTime !== undefined, 'has no end'],
    [condition?.status === (phase === 'Succeeded' ? 'True' : 'False'), 'its condition is not that of its phase'],
    [(startTime !== undefined) === (job !== undefined), job === undefined ? 'has no Job though it started' : 'has a Job though it did not start'],
    [fake === undefined || phase === fake.state, `its Job ${fake?.state}`],
    [fake === undefined || records?.read === fake.read, `its Job has read ${fake?.read}`],
    [phase !== 'Succeeded' || fake !== undefined, 'Succeeded, its Job did not'],
    [phase !== 'Failed' || (fake !== undefined && condition?.reason === 'RunFailed'), 'Failed for no good reason'],
    [phase !== 'Skipped' || mayBeSkipped(run, end), 'was skipped with nobody in its way'],
    [phase !== 'Cancelled' || mayBeCancelled(run, end), 'was cancelled, and nobody asked for that'],
  ]
  return claims.filter(([holds]) => !holds).map(([, fault]) => fault)
}

/** Another run of its pipeline was there at the time and not skipped itself. */
function mayBeSkipped({ metadata, spec, status }: Run, { runs }: End): boolean {
  const pipeline = spec.pipelineRef.name
  const others = runs.filter((run) => run.spec.pipelineRef.name === pipeline && run.status?.phase !== 'Skipped')
  const overlaps = (other: Run) =>
    (other.metadata.creationTimestamp ?? '') <= (status?.completionTime ?? '') && (other.status?.completionTime ?? '') >= (metadata.creationTimestamp ?? '')
  return concurrencies.get(pipeline) === 'Skip' && others.some(overlaps)
}

function mayBeCancelled({ metadata, spec }: Run, { runs }: End): boolean {
  const pipeline = spec.pipelineRef.name
  const newer = runs.some((run) => run.spec.pipelineRef.name === pipeline && run.metadata.name > metadata.name)
  return spec.cancel === true || (concurrencies.get(pipeline) === 'Replace' && newer)
}
