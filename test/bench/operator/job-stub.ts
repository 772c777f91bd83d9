// Stands in for the Job controller and the kubelet: says that Jobs are at work, and completes them when told to.
import type { KubeClient } from '../../../operator/kubernetes/client.ts'
import { jobs } from '../../../operator/kubernetes/resources.ts'
import { namespace } from './feed.ts'

export class JobStub {
  /** Job → milliseconds of this process's clock when it was first seen. */
  readonly created = new Map<string, number>()
  /** uids ever seen, to notice a second Job of one run. */
  readonly uids = new Set<string>()
  readonly #client: KubeClient
  readonly #signal: AbortSignal

  constructor(client: KubeClient, signal: AbortSignal) {
    this.#client = client
    this.#signal = signal
  }

  /** Resolves when the watch begins. */
  async start(): Promise<void> {
    const { resourceVersion } = await this.#client.list(jobs, { namespace, limit: 1 })
    void this.#follow(resourceVersion).catch((error: Error) => {
      if (!this.#signal.aborted) process.stderr.write(`the watch of Jobs broke: ${error.message}\n`)
    })
  }

  /** Job status as its controller writes it when the pods are at work. */
  async work(name: string): Promise<void> {
    const status = { active: 4, ready: 4, startTime: now(), uncountedTerminatedPods: {} }
    await this.#client.patch(jobs, name, namespace, { status }, { subresource: 'status' })
  }

  /** As when the first worker exits with 0: the Job is as good as complete, its other pods end later. */
  async complete(name: string): Promise<void> {
    const at = now()
    const condition = { type: 'SuccessCriteriaMet', status: 'True', lastProbeTime: at, lastTransitionTime: at, reason: 'SuccessPolicy', message: 'one index' }
    const status = { active: 0, ready: 0, succeeded: 1, completedIndexes: '0', conditions: [condition] }
    await this.#client.patch(jobs, name, namespace, { status }, { subresource: 'status' })
  }

  async #follow(from: string): Promise<void> {
    let version = from
    while (!this.#signal.aborted) {
      for await (const event of this.#client.watch(jobs, { namespace, resourceVersion: version, signal: this.#signal })) {
        if (event.type === 'BOOKMARK') {
          version = event.resourceVersion
          continue
        }
        const { name, uid, resourceVersion } = event.object.metadata
        version = resourceVersion ?? version
        if (uid !== undefined) this.uids.add(uid)
        if (!this.created.has(name)) this.created.set(name, performance.now())
      }
    }
  }
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`
}
