// Builds the status of a run: each function takes the status there is and answers the next one, whole, because server-side apply
// removes what is left out.
import { shortDuration } from '../../crds/durations.ts'
import type { Condition, PipelineRunStatus, RunPhase } from '../../crds/status.ts'
import { succeededCondition } from './run-state.ts'

export type Said = { reason: string; message: string }

const longestMessage = 4096

/** The run goes on. */
export function going(status: PipelineRunStatus, phase: RunPhase, said: Said, now: number): PipelineRunStatus {
  return { ...status, phase, conditions: conditions(status, 'Unknown', said, now) }
}

/** The run has ended. `at` is when: milliseconds since 1970. */
export function ended(status: PipelineRunStatus, phase: RunPhase, said: Said, { now, at }: { now: number; at: number }): PipelineRunStatus {
  const started = status.startTime === undefined ? undefined : Date.parse(status.startTime)
  const completed = Math.max(at, started ?? at)
  return {
    ...status,
    phase,
    conditions: conditions(status, phase === 'Succeeded' ? 'True' : 'False', said, now),
    completionTime: moment(completed),
    ...(started === undefined ? {} : { duration: shortDuration(completed - started) }),
  }
}

/** RFC 3339 to the second, as metav1.Time is written. */
export function moment(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`
}

function conditions(before: PipelineRunStatus, status: Condition['status'], { reason, message }: Said, now: number): Condition[] {
  const last = succeededCondition(before)
  const lastTransitionTime = last?.status === status ? last.lastTransitionTime : moment(now)
  return [{ type: 'Succeeded', status, reason, message: shortened(message), lastTransitionTime }]
}

function shortened(message: string): string {
  return message.length <= longestMessage ? message : `${message.slice(0, longestMessage - 1)}…`
}
