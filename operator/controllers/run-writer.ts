// Writes the status of runs, and knows what was written until the cache shows it: a decision is never taken on an older status than
// the one this process wrote, and never written over what the decision did not know, be it an older operator's that thawed.
import { isDeepStrictEqual } from 'node:util'
import type { PipelineRunStatus } from '../../crds/status.ts'
import { type KeptRun, keepRun } from '../kept.ts'
import { isConflict, isNotFound } from '../kubernetes/api-error.ts'
import type { KubeClient } from '../kubernetes/client.ts'
import { pipelineRuns } from '../kubernetes/resources.ts'
import { runKey } from './run-state.ts'

export class RunWriter {
  readonly #written = new Map<string, KeptRun>()

  /** The run as the cache has it, or as it was written last if the cache has not heard of that yet. */
  latest(cached: KeptRun): KeptRun {
    const key = runKey(cached)
    const written = this.#written.get(key)
    if (written === undefined) return cached
    const { uid, resourceVersion } = cached.metadata
    if (uid === written.metadata.uid && isOlder(resourceVersion, written.metadata.resourceVersion)) return written
    this.#written.delete(key)
    return cached
  }

  /**
   * Writes the whole status if it differs from the run's; answers the run as it is then, undefined if it is no longer there or no
   * longer as it was: the cache will hear of that. `client` is that of the run's reconcile.
   */
  async write(client: Pick<KubeClient, 'apply'>, run: KeptRun, status: PipelineRunStatus): Promise<KeptRun | undefined> {
    const next = { ...status, observedGeneration: run.metadata.generation ?? 0 }
    if (isDeepStrictEqual({ ...run.status, observedGeneration: next.observedGeneration }, next)) return run
    const { name, namespace, uid, resourceVersion } = run.metadata
    const metadata = { name, namespace, uid, resourceVersion }
    try {
      const written = keepRun(await client.apply(pipelineRuns, { metadata, status: next }, { subresource: 'status' }))
      this.#written.set(runKey(run), written)
      return written
    } catch (error) {
      // The run was deleted or changed, or another one has its name now.
      if (isNotFound(error) || isConflict(error)) return undefined
      throw error
    }
  }

  forget(key: string): void {
    this.#written.delete(key)
  }
}

/** Resource versions are whole numbers that grow. */
function isOlder(one: string, other: string): boolean {
  return one.length === other.length ? one < other : one.length < other.length
}
