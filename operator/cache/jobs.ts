// The cached form of a run's Job: its pod counts, and how it ended. Used by caches.ts and the run controller.
import { defaults } from '../../crds/defaults.ts'
import { durationMilliseconds } from '../../crds/durations.ts'
import type { Job } from '../kubernetes/objects.ts'

/** The condition that shows how a Job ended. `SuccessCriteriaMet` and `FailureTarget` precede `Complete` and `Failed`. */
export type JobEnd = { type: 'Complete' | 'Failed' | 'SuccessCriteriaMet' | 'FailureTarget'; reason: string; message: string; at: number }

export type CachedJob = {
  name: string
  uid: string
  deleting: boolean
  owner: { kind: string; name: string; uid: string } | undefined
  /** Declared number of workers (`spec.completions`). */
  workers: number
  /** How long its pods may take to start. */
  startDeadlineMs: number
  suspended: boolean
  /** Whether the Job controller has acted on the suspension. Until then it may still create pods, whatever the pod counts are. */
  suspensionProcessed: boolean
  /** Pod counts of the Job's status: `active` have not ended, `terminating` are deleted but not gone yet. */
  active: number
  terminating: number
  succeeded: number
  failed: number
  end: JobEnd | undefined
}

/** Annotation on a run's Job: milliseconds its pods may take to start, fixed when the run starts. */
export const startDeadlineAnnotation = 'headgate.dev/start-deadline-ms'

/** The longest value a Pipeline can declare. The annotation can be edited to a larger value, too long for a timer. */
const longestStartDeadlineMs = durationMilliseconds('999999d')

/** The most certain first. */
const endTypes = ['Complete', 'Failed', 'SuccessCriteriaMet', 'FailureTarget'] as const

export function toCachedJob(job: Job): CachedJob {
  const { metadata, spec, status } = job
  const owner = metadata.ownerReferences?.find(({ controller }) => controller)
  const deadline = Number(metadata.annotations?.[startDeadlineAnnotation])
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    deleting: metadata.deletionTimestamp !== undefined,
    owner: owner && { kind: owner.kind, name: owner.name, uid: owner.uid },
    workers: spec?.completions ?? 1,
    startDeadlineMs: deadline > 0 && deadline <= longestStartDeadlineMs ? deadline : durationMilliseconds(defaults.startDeadline),
    suspended: spec?.suspend === true,
    suspensionProcessed: status?.conditions?.some(({ type, status }) => type === 'Suspended' && status === 'True') ?? false,
    active: status?.active ?? 0,
    terminating: status?.terminating ?? 0,
    succeeded: status?.succeeded ?? 0,
    failed: status?.failed ?? 0,
    end: endOf(status),
  }
}

function endOf(status: Job['status']): JobEnd | undefined {
  const trueConditions = (status?.conditions ?? []).filter((condition) => condition.status === 'True')
  for (const type of endTypes) {
    const found = trueConditions.find((condition) => condition.type === type)
    if (found) return { type, reason: found.reason ?? '', message: found.message ?? '', at: Date.parse(found.lastTransitionTime ?? '') || 0 }
  }
  return undefined
}
