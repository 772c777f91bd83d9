// Notes when the status of each run said that it works and that it has ended, as anybody who watches would see it.
import type { PipelineRun } from '../../../crds/pipeline-run.ts'
import type { KubeClient } from '../../../operator/kubernetes/client.ts'
import type { KubeObject } from '../../../operator/kubernetes/objects.ts'
import { pipelineRuns } from '../../../operator/kubernetes/resources.ts'
import { follow } from '../../support/follow.ts'
import { namespace } from './feed.ts'

export class RunWatch {
  /** Run → milliseconds of this process's clock when its phase was first seen. */
  readonly seen = { Running: new Map<string, number>(), Succeeded: new Map<string, number>() }

  /** Sees all from now on until the signal is aborted. */
  constructor(client: KubeClient, signal: AbortSignal) {
    const see = (seen: readonly { object: PipelineRun & KubeObject }[]) => {
      for (const { object } of seen) this.#note(object)
    }
    void follow({ client, resource: pipelineRuns, namespace, see }, signal)
  }

  #note({ metadata, status }: PipelineRun): void {
    const seen = this.seen[status?.phase as keyof typeof this.seen]
    if (seen !== undefined && !seen.has(metadata.name)) seen.set(metadata.name, performance.now())
  }
}
