// Asks the API server for the pods of a run that has ended, where the cache has none that tells how: the watch of pods may be behind
// that of Jobs, by much after an operator was frozen or cut off.
import { labels } from '../../../crds/metadata.ts'
import type { KeptRun } from '../../kept.ts'
import { pods } from '../../kubernetes/resources.ts'
import type { RunContext } from '../run-context.ts'
import type { Observation } from './decide.ts'
import { type KeptPod, keepPod } from './kept-pod.ts'

/** Whether it ended and no pod that was looked at reported. */
export function isUntold(observation: Observation): boolean {
  return (observation.kind === 'Succeeded' || observation.kind === 'Failed') && observation.report === undefined
}

/** Those of that Job. */
export async function freshPods({ client }: Pick<RunContext, 'client'>, { metadata }: KeptRun, jobUid: string): Promise<KeptPod[]> {
  const { namespace, name } = metadata
  const { items } = await client.list(pods, { namespace, labelSelector: `${labels.run}=${name}` })
  return items.map(keepPod).filter((pod) => pod.jobUid === jobUid)
}
