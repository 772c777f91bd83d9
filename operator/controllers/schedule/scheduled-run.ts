// Builds the PipelineRun of a tick. Its name derives from pipeline and minute, so a second creation fails. Anyone who may create runs can take
// that name before the tick, so an existing run is accepted only if it names the tick's Job. Called by act-ticks.ts.
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { scheduleOf } from '../../../crds/defaults.ts'
import { annotations, labels, maxPipelineName, maxRunName } from '../../../crds/metadata.ts'
import type { PipelineRun } from '../../../crds/pipeline-run.ts'
import type { CachedPipeline } from '../../cache/cached.ts'
import type { Draft } from '../../kubernetes/client.ts'
import type { KubeObject } from '../../kubernetes/objects.ts'
import { ownedByPipeline } from './cron-job.ts'
import type { Tick } from './decide-ticks.ts'
import { tickBefore } from './ticks.ts'

/** `<pipeline>-YYYYMMDD-HHMM`, in UTC. */
export function scheduledRunName(pipeline: string, at: number): string {
  const [date = '', time = ''] = new Date(at).toISOString().split('T')
  return `${pipeline}-${date.replaceAll('-', '')}-${time.slice(0, 5).replace(':', '')}`
}

/** A fallback name for the same tick. It depends on the tick's uid, so it cannot be taken before the tick. */
export function spareRunName(name: string, tickUid: string, attempt: number): string {
  const digest = createHash('sha256').update(`${tickUid} ${attempt}`).digest('hex')
  return `${name}-${digest.slice(0, spareLength)}`
}

/** The length that remains with the longest pipeline name. */
const spareLength = maxRunName - maxPipelineName - '-yyyymmdd-hhmm-'.length

/** Whether the operator created the run for the tick. The run may have been cancelled since, but not at its creation. */
export function isRunOfTick(found: PipelineRun, wanted: Draft<PipelineRun>): boolean {
  const { cancel, ...spec } = found.spec
  const createdCancelled = cancel === true && found.metadata.generation === 1
  const ofTick = found.metadata.annotations?.[annotations.tick] === wanted.metadata.annotations?.[annotations.tick]
  return ofTick && !createdCancelled && isDeepStrictEqual(spec, wanted.spec)
}

/** The interval is from the previous tick to this one; it is omitted if the previous tick is unknown. */
export function scheduledRun(
  pipeline: CachedPipeline,
  { at, job }: Tick,
  runName = scheduledRunName(pipeline.metadata.name, at),
): Draft<PipelineRun & KubeObject> {
  const { name, namespace } = pipeline.metadata
  const schedule = scheduleOf(pipeline.spec)
  const before = schedule === undefined ? undefined : tickBefore(schedule, at)
  return {
    metadata: {
      name: runName,
      namespace,
      labels: { [labels.managedBy]: 'headgate', [labels.pipeline]: name },
      annotations: { [annotations.scheduledTime]: seconds(at), [annotations.tick]: job.metadata.uid },
      ownerReferences: [ownedByPipeline(pipeline)],
    },
    spec: { pipelineRef: { name }, ...(before !== undefined && { interval: { start: seconds(before), end: seconds(at) } }) },
  }
}

/** RFC 3339 without fractions, the format of Kubernetes. */
function seconds(moment: number): string {
  return new Date(moment).toISOString().replace(/\.\d+Z$/, 'Z')
}
