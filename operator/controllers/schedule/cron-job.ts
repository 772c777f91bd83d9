// The CronJob of a scheduled pipeline. It is a clock: its Jobs want no pod, so each is complete at once; that it was created means that it is time.
import { createHash } from 'node:crypto'
import { type ScheduleSettings, scheduleOf } from '../../../crds/defaults.ts'
import { annotations, apiVersion, labels, type OwnerReference } from '../../../crds/metadata.ts'
import { type KeptPipeline, scheduleComponent } from '../../cache/kept.ts'
import type { Draft } from '../../kubernetes/client.ts'
import type { CronJob } from '../../kubernetes/objects.ts'

/** More ticks than are made up for are kept, so that none is gone before it was seen. */
const spareTicks = 3
/** A tick that is later than this is a missed one. */
export const lateAfterMs = 10 * 60_000
/** How late the CronJob controller may still tick, when it was away itself. */
const latestTickSeconds = 3600

export function cronJobName(pipeline: string): string {
  return `${pipeline}-schedule`
}

export function ownedByPipeline({ metadata }: KeptPipeline, more: Partial<OwnerReference> = {}): OwnerReference {
  return { apiVersion, kind: 'Pipeline', name: metadata.name, uid: metadata.uid, ...more }
}

/** What should be there, or undefined if the pipeline has no schedule. `image` is never pulled, but policies may look at it. */
export function cronJobFor(pipeline: KeptPipeline, image: string): Draft<CronJob> | undefined {
  const schedule = scheduleOf(pipeline.spec)
  if (schedule === undefined) return undefined
  const { name, namespace } = pipeline.metadata
  const its = { [labels.managedBy]: 'headgate', [labels.component]: scheduleComponent, [labels.pipeline]: name }
  const spec = cronJobSpec(schedule, its, image)
  const ownerReferences = [ownedByPipeline(pipeline, { controller: true, blockOwnerDeletion: true })]
  const hash = createHash('sha256').update(JSON.stringify({ its, spec, ownerReferences })).digest('hex').slice(0, 16)
  return { metadata: { name: cronJobName(name), namespace, labels: its, annotations: { [annotations.declaration]: hash }, ownerReferences }, spec }
}

function cronJobSpec({ cron, timeZone, suspend, catchUp }: ScheduleSettings, its: Record<string, string>, image: string): CronJob['spec'] {
  return {
    schedule: cron,
    timeZone,
    suspend,
    concurrencyPolicy: 'Allow',
    startingDeadlineSeconds: catchUp === 0 ? lateAfterMs / 1000 : latestTickSeconds,
    successfulJobsHistoryLimit: catchUp + spareTicks,
    failedJobsHistoryLimit: 1,
    jobTemplate: {
      metadata: { labels: its },
      spec: { completions: 0, parallelism: 0, backoffLimit: 0, template: { metadata: { labels: its }, spec: neverStarted(image) } },
    },
  }
}

/** A Job must have a pod template; this one satisfies the strictest policies. */
function neverStarted(image: string) {
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{ name: 'never-started', image, securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
  }
}
