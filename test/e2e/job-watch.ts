// Records every Job by a watch: a run must have exactly one, also if the operator fails.
import { Watch } from '@kubernetes/client-node'
import { must, type System } from './system.ts'

type SeenJob = { metadata: { name: string; uid: string; resourceVersion: string } }

/** Shorter than the client's timeout, which also applies to quiet watches. */
const watchSeconds = 20

export class JobWatch {
  readonly #seen = new Map<string, Set<string>>()
  readonly #stop = new AbortController()
  #trouble: unknown

  async start({ cluster, namespace }: System): Promise<void> {
    const path = `/apis/batch/v1/namespaces/${namespace}/jobs`
    let { resourceVersion } = JSON.parse(must(await cluster.kubectl(['get', '--raw', path]))).metadata as { resourceVersion: string }
    const watch = new Watch(cluster.kubeConfig)
    const note = (type: string, { metadata }: SeenJob) => {
      if (type === 'ERROR') this.#trouble ??= 'it is too far behind'
      else resourceVersion = metadata.resourceVersion
      if (type === 'ADDED') this.#seen.set(metadata.name, (this.#seen.get(metadata.name) ?? new Set()).add(metadata.uid))
    }
    const goOn = () => {
      if (this.#stop.signal.aborted || this.#trouble !== undefined) return
      const query = { resourceVersion, allowWatchBookmarks: true, timeoutSeconds: watchSeconds }
      watch.watch(path, query, note, goOn).then(
        (controller) => this.#stop.signal.addEventListener('abort', () => controller.abort()),
        (error) => {
          this.#trouble ??= error
        },
      )
    }
    goOn()
  }

  /** Throws if some may have been missed. */
  jobsEver(run: string): number {
    if (this.#trouble !== undefined) throw new Error(`the watch of Jobs has failed: ${this.#trouble}`)
    return this.#seen.get(run)?.size ?? 0
  }

  stop(): void {
    this.#stop.abort()
  }
}
