// Follows a run on the cluster until it has ended. Used by trigger --wait; a cut connection does not end it.
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../../operator/kubernetes/api-error.ts'
import { HeadgateError } from '../../sdk/errors.ts'
import type { Cluster } from './connect.ts'
import { pipelineRuns, type RunObject } from './resources.ts'
import { hasEnded } from './run-state.ts'

/** Most failed connections in a row: one or two minutes, with these waits. */
const patience = { attempts: 40, waitMilliseconds: 3_000 }

export type FollowOptions = { signal: AbortSignal; onChange: (run: RunObject) => void; waitMilliseconds?: number }

/** Returns the run after it has ended, or when `signal` is aborted. */
export async function followRun(cluster: Cluster, begun: RunObject, options: FollowOptions): Promise<RunObject> {
  let latest = begun
  for (let broken = 0; ; ) {
    try {
      for await (const run of changesOf(cluster, begun, options.signal)) {
        broken = 0
        latest = run
        options.onChange(run)
        if (hasEnded(run)) return run
      }
    } catch (error) {
      if (options.signal.aborted) return latest
      if (!mayPass(error) || ++broken > patience.attempts) throw error
    }
    if (options.signal.aborted) return latest
    await sleep(broken > 0 ? (options.waitMilliseconds ?? patience.waitMilliseconds) : 0, undefined, { signal: options.signal }).catch(() => {})
  }
}

/** Yields the run now and after each change. Ends when the server ends the watch. */
async function* changesOf({ client }: Cluster, { metadata }: RunObject, signal: AbortSignal): AsyncGenerator<RunObject> {
  const { name, namespace, uid } = metadata
  const run = await client.get(pipelineRuns, name, namespace, { signal })
  if (run === undefined || run.metadata.uid !== uid) throw deleted(metadata)
  yield run
  const watch = { namespace, fieldSelector: `metadata.name=${name}`, resourceVersion: run.metadata.resourceVersion ?? '', signal }
  for await (const event of client.watch(pipelineRuns, watch)) {
    if (event.type === 'DELETED') throw deleted(metadata)
    if (event.type !== 'BOOKMARK') yield event.object
  }
}

function deleted({ name, namespace }: RunObject['metadata']): HeadgateError {
  return new HeadgateError('RunNotFound', `run ${name} of namespace ${namespace} was deleted while it was waited for`)
}

/** No response, an expired version, or a server that asks to retry. A refusal is not retried. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false
  if (error.reason === 'NoCredentials') return false
  return error.status === 0 || error.status === 410 || error.status === 429 || error.status >= 500
}
