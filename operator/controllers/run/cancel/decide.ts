// Decides how to stop a run that has a Job: signals the workers first, so that each finishes its current batch and reports. Pure. Called
// by cancel.ts.
import type { CachedJob } from '../../../cache/jobs.ts'

export type Cancelling = {
  now: number
  job: Pick<CachedJob, 'suspended' | 'suspensionProcessed' | 'active' | 'terminating'>
  /** Whether any worker is running and can receive the signal. */
  atWork: boolean
  /** Whether the operator can send signals, which needs Redis. */
  canSignal: boolean
  signal: 'sent' | 'failed' | undefined
  /** When this process first saw the cancellation, and the suspended Job. */
  cancelSeenAt: number
  suspendSeenAt: number | undefined
}

export type CancelStep = { kind: 'Signal' } | { kind: 'Wait'; requeueAfterMs: number } | { kind: 'Suspend' } | { kind: 'End' }

/** How long workers may take to stop after the signal. */
const graceMs = 30_000
/** How long to wait for deleted pods. On a lost node they never end, but the store rejects their commits. */
const podsMs = 120_000

export function cancelStep({ now, job, atWork, canSignal, signal, cancelSeenAt, suspendSeenAt = now }: Cancelling): CancelStep {
  if (job.suspended) {
    const left = suspendSeenAt + podsMs - now
    const podsAreGone = job.suspensionProcessed && job.active === 0 && job.terminating === 0
    return podsAreGone || left <= 0 ? { kind: 'End' } : { kind: 'Wait', requeueAfterMs: left }
  }
  if (signal === 'sent') {
    const left = cancelSeenAt + graceMs - now
    return left <= 0 ? { kind: 'Suspend' } : { kind: 'Wait', requeueAfterMs: left }
  }
  return atWork && canSignal && signal === undefined ? { kind: 'Signal' } : { kind: 'Suspend' }
}
