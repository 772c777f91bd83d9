// Stands in for the Job controller and the kubelet: makes one pod for each Job, reports it as running, and ends both on request.
import type { WorkerReport } from '../../../crds/wire/worker-report.ts'
import type { KubeClient } from '../../../operator/kubernetes/client.ts'
import type { Job } from '../../../operator/kubernetes/objects.ts'
import { jobs, pods } from '../../../operator/kubernetes/resources.ts'
import { follow } from '../../support/follow.ts'
import { namespace } from './feed.ts'

const indexAnnotation = 'batch.kubernetes.io/job-completion-index'

const report: WorkerReport = {
  state: 'Succeeded',
  records: { read: 1_234_567, loaded: 1_200_000, unchanged: 34_000, superseded: 300, filtered: 0, quarantined: 267, parked: 0 },
  slices: { total: 8, done: 8 },
  timings: { extractMs: 1000, validateMs: 2000, transformMs: 0, loadMs: 3000 },
  throughput: 6_858,
}

export class JobStub {
  /** Job → milliseconds of this process's clock when it was first seen. */
  readonly created = new Map<string, number>()
  /** uids ever seen, to notice a second Job of one run. */
  readonly uids = new Set<string>()
  readonly #jobs = new Map<string, Job>()
  readonly #client: KubeClient

  /** Sees all from now on until the signal is aborted. */
  constructor(client: KubeClient, signal: AbortSignal) {
    this.#client = client
    const see = (seen: readonly { object: Job }[]) => {
      for (const { object } of seen) this.#note(object)
    }
    void follow({ client, resource: jobs, namespace, see }, signal)
  }

  /** A pod at work, and the Job's status as its controller writes it then. */
  async work(name: string): Promise<void> {
    const job = this.#jobs.get(name)
    const template = job?.spec?.template
    if (job === undefined || template?.spec === undefined) throw new Error(`Job ${name} has no pod template`)
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name, uid: job.metadata.uid ?? '', controller: true }
    const metadata = {
      name: podOf(name),
      namespace,
      labels: template.metadata?.labels ?? {},
      annotations: { [indexAnnotation]: '0' },
      ownerReferences: [owner],
    }
    await this.#client.create(pods, { metadata, spec: template.spec })
    await this.#patchPod(name, 'Running', { running: { startedAt: now() } })
    const status = { active: 1, ready: 1, startTime: now(), uncountedTerminatedPods: {} }
    await this.#client.patch(jobs, name, namespace, { status }, { subresource: 'status' })
  }

  /** As when the worker exits with 0: the Job is as good as complete. */
  async complete(name: string): Promise<void> {
    const at = now()
    await this.#patchPod(name, 'Succeeded', { terminated: { exitCode: 0, reason: 'Completed', finishedAt: at, message: JSON.stringify(report) } })
    const condition = { type: 'SuccessCriteriaMet', status: 'True', lastProbeTime: at, lastTransitionTime: at, reason: 'SuccessPolicy', message: 'one index' }
    const status = { active: 0, ready: 0, succeeded: 1, completedIndexes: '0', conditions: [condition] }
    await this.#client.patch(jobs, name, namespace, { status }, { subresource: 'status' })
  }

  async #patchPod(name: string, phase: string, state: object): Promise<void> {
    const container = { name: 'worker', image: 'headgate', imageID: '', ready: phase === 'Running', restartCount: 0, state }
    await this.#client.patch(pods, podOf(name), namespace, { status: { phase, containerStatuses: [container] } }, { subresource: 'status' })
  }

  #note(job: Job): void {
    const { name, uid } = job.metadata
    if (uid !== undefined) this.uids.add(uid)
    this.#jobs.set(name, job)
    if (!this.created.has(name)) this.created.set(name, performance.now())
  }
}

function podOf(job: string): string {
  return `${job}-0-stub`
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`
}
