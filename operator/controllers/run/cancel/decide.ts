// How a run that has a Job is stopped: its workers are asked first, so that each ends after the batch in hand and reports. Pure.
import type { KeptJob } from '../../../cache/jobs.ts'

export type Cancelling = {
  now: number
  job: Pick<KeptJob, 'suspended' | 'active' | 'terminating'>
  /** Whether any worker is there to hear the signal. */
  atWork: boolean
  /** Whether workers can be signalled at all. */
  canSignal: boolean
  signal: 'sent' | 'failed' | undefined
  /** When this process first saw that the run is to stop, and that its Job is suspended. */
  cancelSeenAt: number
  suspendSeenAt: number | undefined
}

export type CancelStep = { kind: 'Signal' } | { kind: 'Wait'; again: number } | { kind: 'Suspend' } | { kind: 'End' }

/** How long workers may take to stop by themselves. */
const graceMs = 30_000
/** How long deleted pods may take; on a node that is lost they never end, and the store lets none of them commit any more. */
const podsMs = 120_000

export function cancelStep({ now, job, atWork, canSignal, signal, cancelSeenAt, suspendSeenAt = now }: Cancelling): CancelStep {
  if (job.suspended) {
    const left = suspendSeenAt + podsMs - now
    return (job.active === 0 && job.terminating === 0) || left <= 0 ? { kind: 'End' } : { kind: 'Wait', again: left }
  }
  if (signal === 'sent') {
    const left = cancelSeenAt + graceMs - now
    return left <= 0 ? { kind: 'Suspend' } : { kind: 'Wait', again: left }
  }
  return atWork && canSignal && signal === undefined ? { kind: 'Signal' } : { kind: 'Suspend' }
}
