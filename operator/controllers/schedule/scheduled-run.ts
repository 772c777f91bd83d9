// The PipelineRun that a tick is turned into. Its name follows from pipeline and minute, so whoever makes it twice makes it once.
import { scheduleOf } from '../../../crds/defaults.ts'
import { annotations, labels } from '../../../crds/metadata.ts'
import type { PipelineRun } from '../../../crds/pipeline-run.ts'
import type { KeptPipeline } from '../../kept.ts'
import type { Draft } from '../../kubernetes/client.ts'
import type { KubeObject } from '../../kubernetes/objects.ts'
import { ownedByPipeline } from './cron-job.ts'
import { tickBefore } from './ticks.ts'

/** `<pipeline>-YYYYMMDD-HHMM`, in UTC. */
export function scheduledRunName(pipeline: string, at: number): string {
  const [date = '', time = ''] = new Date(at).toISOString().split('T')
  return `${pipeline}-${date.replaceAll('-', '')}-${time.slice(0, 5).replace(':', '')}`
}

/** The interval reaches from the tick before to this one; it is left out if the tick before cannot be told. */
export function scheduledRun(pipeline: KeptPipeline, at: number): Draft<PipelineRun & KubeObject> {
  const { name, namespace } = pipeline.metadata
  const schedule = scheduleOf(pipeline.spec)
  const before = schedule === undefined ? undefined : tickBefore(schedule, at)
  return {
    metadata: {
      name: scheduledRunName(name, at),
      namespace,
      labels: { [labels.managedBy]: 'headgate', [labels.pipeline]: name },
      annotations: { [annotations.scheduledTime]: seconds(at) },
      ownerReferences: [ownedByPipeline(pipeline)],
    },
    spec: { pipelineRef: { name }, ...(before !== undefined && { interval: { start: seconds(before), end: seconds(at) } }) },
  }
}

/** RFC 3339 without fractions, as Kubernetes writes it. */
function seconds(moment: number): string {
  return new Date(moment).toISOString().replace(/\.\d+Z$/, 'Z')
}
