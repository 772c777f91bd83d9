// Notes when each run was created and when its status said that it ended, as anybody who watches would see it.
import type { KubeClient } from '../../../operator/kubernetes/client.ts'
import { pipelineRuns } from '../../../operator/kubernetes/resources.ts'
import { namespace } from './feed.ts'

export class RunWatch {
  /** Run → milliseconds of this process's clock when its phase was first seen. */
  readonly seen = { Running: new Map<string, number>(), Succeeded: new Map<string, number>() }
  readonly #client: KubeClient
  readonly #signal: AbortSignal

  constructor(client: KubeClient, signal: AbortSignal) {
    this.#client = client
    this.#signal = signal
  }

  /** Resolves when the watch begins; from then on nothing is missed. */
  async start(): Promise<void> {
    const { resourceVersion } = await this.#client.list(pipelineRuns, { namespace, limit: 1 })
    void this.#follow(resourceVersion).catch((error: Error) => {
      if (!this.#signal.aborted) process.stderr.write(`the watch of runs broke: ${error.message}\n`)
    })
  }

  async #follow(from: string): Promise<void> {
    let version = from
    while (!this.#signal.aborted) {
      for await (const event of this.#client.watch(pipelineRuns, { namespace, resourceVersion: version, signal: this.#signal })) {
        if (event.type === 'BOOKMARK') {
          version = event.resourceVersion
          continue
        }
        const { metadata, status } = event.object
        version = metadata.resourceVersion ?? version
        const seen = this.seen[status?.phase as keyof typeof this.seen]
        if (seen !== undefined && !seen.has(metadata.name)) seen.set(metadata.name, performance.now())
      }
    }
  }
}
