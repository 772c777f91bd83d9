// Simulates the rest of the cluster for tests of the run controller: users who create Pipelines and runs, the Job controller, the kubelet.
import type { PipelineSpec } from '../../../crds/pipeline.ts'
import type { PipelineRun, PipelineRunSpec } from '../../../crds/pipeline-run.ts'
import type { RunPhase } from '../../../crds/status.ts'
import type { WorkerReport } from '../../../crds/wire/worker-report.ts'
import { succeededCondition } from '../../cache/runs.ts'
import type { KubeClient } from '../../kubernetes/client.ts'
import type { Job, KubeObject, Pod } from '../../kubernetes/objects.ts'
import { jobs, pipelineRuns, pipelines, pods } from '../../kubernetes/resources.ts'
import { specFixture } from './objects.ts'
import { eventually } from './run-operator.ts'

export type ContainerState = NonNullable<NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number]['state']>
type PodStatus = NonNullable<Pod['status']>
type JobStatus = NonNullable<Job['status']>

export type Stage = ReturnType<typeof stageIn>

export function stageIn(client: KubeClient, namespace: string) {
  return { ...users(client, namespace), ...jobController(client, namespace), ...kubelet(client, namespace) }
}

function users(client: KubeClient, namespace: string) {
  const run = (name: string) => client.get(pipelineRuns, name, namespace)
  return {
    run,
    createPipeline: (name: string, spec: Partial<PipelineSpec> = {}) =>
      client.create(pipelines, { metadata: { name, namespace }, spec: specFixture({ format: { csv: {} }, ...spec }) }),
    createRun: (name: string, pipeline: string, spec: Partial<PipelineRunSpec> = {}) =>
      client.create(pipelineRuns, { metadata: { name, namespace }, spec: { pipelineRef: { name: pipeline }, ...spec } }),
    cancel: (name: string) => client.patch(pipelineRuns, name, namespace, { spec: { cancel: true } }),
    /** Waits until the run is in the phase, and has the reason if one is given; returns the run. */
    reaches: (name: string, phase: RunPhase, reason?: string): Promise<PipelineRun & KubeObject> =>
      eventually(
        async () => {
          const now = await run(name)
          return now?.status?.phase === phase && (reason === undefined || conditionOf(now)?.reason === reason) && now
        },
        `${name} ${phase} ${reason ?? ''}`,
      ),
  }
}

export function conditionOf(run: PipelineRun) {
  return succeededCondition(run.status)
}

function jobController(client: KubeClient, namespace: string) {
  const job = (name: string) => client.get(jobs, name, namespace)
  const setStatus = async (name: string, status: JobStatus) => void (await client.patch(jobs, name, namespace, { status }, { subresource: 'status' }))
  const condition = (type: string, reason: string, message: string) => ({ type, status: 'True', reason, message, lastTransitionTime: now() })
  return {
    job,
    jobStatus: setStatus,
    /** One worker has succeeded; others may still be terminating. */
    jobSucceeds: (name: string) =>
      setStatus(name, { startTime: now(), succeeded: 1, conditions: [condition('SuccessCriteriaMet', 'SuccessPolicy', 'Matched rules at index 0')] }),
    /** The Job controller has deleted the pods of a suspended Job; `terminating` of them are not gone yet. */
    jobSuspended: (name: string, terminating = 0) =>
      setStatus(name, { active: 0, ready: 0, terminating, conditions: [condition('Suspended', 'JobSuspended', 'Job suspended')] }),
    jobFails: (name: string, reason: string, message = '') =>
      setStatus(name, {
        startTime: now(),
        active: 0,
        failed: 1,
        conditions: [condition('FailureTarget', reason, message), condition('Failed', reason, message)],
      }),
  }
}

function kubelet(client: KubeClient, namespace: string) {
  const setStatus = async (name: string, status: PodStatus) => void (await client.patch(pods, name, namespace, { status }, { subresource: 'status' }))
  const state = (name: string, container: ContainerState, phase: string) =>
    setStatus(name, { phase, containerStatuses: [{ name: 'worker', image: 'i', imageID: '', ready: false, restartCount: 0, state: container }] })
  return {
    podStatus: setStatus,
    /** Creates the pod of a worker as the Job controller does. */
    createPod: async (run: string, index = 0, attempt = 0): Promise<string> => {
      const job = await eventually(() => client.get(jobs, run, namespace), `Job ${run}`)
      const name = `${run}-${index}-${attempt}`
      const owner = { apiVersion: 'batch/v1', kind: 'Job', name: run, uid: job.metadata.uid ?? '', controller: true }
      const annotations = { 'batch.kubernetes.io/job-completion-index': String(index) }
      const metadata = { ...job.spec?.template.metadata, name, namespace, annotations, ownerReferences: [owner] }
      await client.create(pods, { metadata, spec: job.spec?.template.spec })
      return name
    },
    podRuns: (name: string) => state(name, { running: { startedAt: now() } }, 'Running'),
    podWaits: (name: string, reason: string, message: string) => state(name, { waiting: { reason, message } }, 'Pending'),
    podEnds: (name: string, exitCode: number, message: WorkerReport | string = '', reason = exitCode === 0 ? 'Completed' : 'Error') => {
      const text = typeof message === 'string' ? message : JSON.stringify(message)
      const terminated = { exitCode, reason, message: text, startedAt: now(), finishedAt: now() }
      return state(name, { terminated }, exitCode === 0 ? 'Succeeded' : 'Failed')
    },
  }
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`
}
