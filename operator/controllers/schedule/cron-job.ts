// Builds the CronJob of a scheduled pipeline. It serves as a clock only: its Jobs have no pods and complete at once, and the creation of a
// Job is a tick. Called by schedule.ts and pipeline-status/.
import { createHash } from 'node:crypto'
import { type ScheduleSettings, scheduleOf } from '../../../crds/defaults.ts'
import { annotations, apiVersion, labels, type OwnerReference } from '../../../crds/metadata.ts'
import { type CachedPipeline, scheduleComponent } from '../../cache/cached.ts'
import type { Draft } from '../../kubernetes/client.ts'
import type { CronJob } from '../../kubernetes/objects.ts'

/** Keep more finished Jobs than `catchUp`, so that the CronJob controller deletes no tick before the operator has seen it. */
const spareTicks = 3
/** A tick seen later than this counts as missed. */
export const lateAfterMs = 10 * 60_000
/** How late the CronJob controller may still tick after its own downtime. */
const latestTickSeconds = 3600

export function cronJobName(pipeline: string): string {
  return `${pipeline}-schedule`
}

export function ownedByPipeline({ metadata }: CachedPipeline, more: Partial<OwnerReference> = {}): OwnerReference {
  return { apiVersion, kind: 'Pipeline', name: metadata.name, uid: metadata.uid, ...more }
}

/** The CronJob as declared; undefined if the pipeline has no schedule. `image` is never pulled, but admission policies may check it. */
export function cronJobFor(pipeline: CachedPipeline, image: string): Draft<CronJob> | undefined {
  const schedule = scheduleOf(pipeline.spec)
  if (schedule === undefined) return undefined
  const { name, namespace } = pipeline.metadata
  const ownLabels = { [labels.managedBy]: 'headgate', [labels.component]: scheduleComponent, [labels.pipeline]: name }
  const spec = cronJobSpec(schedule, ownLabels, image)
  const ownerReferences = [ownedByPipeline(pipeline, { controller: true, blockOwnerDeletion: true })]
  const hash = createHash('sha256')
    .update(JSON.stringify({ its: ownLabels, spec, ownerReferences }))
    .digest('hex')
    .slice(0, 16)
  return { metadata: { name: cronJobName(name), namespace, labels: ownLabels, annotations: { [annotations.declaration]: hash }, ownerReferences }, spec }
}

function cronJobSpec({ cron, timeZone, suspend, catchUp }: ScheduleSettings, ownLabels: Record<string, string>, image: string): CronJob['spec'] {
  return {
    schedule: cron,
    timeZone,
    suspend,
    concurrencyPolicy: 'Allow',
    startingDeadlineSeconds: catchUp === 0 ? lateAfterMs / 1000 : latestTickSeconds,
    successfulJobsHistoryLimit: catchUp + spareTicks,
    failedJobsHistoryLimit: 1,
    jobTemplate: {
      metadata: { labels: ownLabels },
      spec: { completions: 0, parallelism: 0, backoffLimit: 0, template: { metadata: { labels: ownLabels }, spec: neverStarted(image) } },
    },
  }
}

/** A Job must have a pod template; this one satisfies the restricted Pod Security Standard. */
function neverStarted(image: string) {
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{ name: 'never-started', image, securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
  }
}
