// Reads a PipelineRun's status for commands: whether the run has ended, its result, its progress.
import type { Condition, PipelineRunStatus } from '../../crds/status.ts'
import { exitCodes } from '../exit-codes.ts'
import { count, visible } from '../output.ts'
import type { RunObject } from './resources.ts'

export function succeededCondition(run: RunObject): Condition | undefined {
  return run.status?.conditions?.find(({ type }) => type === 'Succeeded')
}

export function hasEnded(run: RunObject): boolean {
  const verdict = succeededCondition(run)?.status
  return verdict === 'True' || verdict === 'False'
}

/** The result of a run that has ended. */
export function outcomeCode(run: RunObject): number {
  return succeededCondition(run)?.status === 'True' ? exitCodes.ok : exitCodes.failed
}

export function phaseOf(run: RunObject): string {
  return run.status?.phase ?? 'Pending'
}

/** Why the run failed, or what it waits for; empty otherwise. */
export function messageOf(run: RunObject): string {
  const condition = succeededCondition(run)
  if (condition === undefined || condition.status === 'True') return ''
  return visible(condition.status === 'False' ? `${condition.reason}: ${condition.message}` : condition.message)
}

/** `2/8 slices · 12,000 read · 11,990 loaded · 10 quarantined · 5,000/s`: the parts that are known. */
export function countsOf({ slices, records, throughput }: PipelineRunStatus = {}): string {
  const parts: string[] = []
  if (slices !== undefined && slices.total > 0) parts.push(`${count(slices.done)}/${count(slices.total)} slices`)
  if (records !== undefined) {
    parts.push(`${count(records.read)} read`, `${count(records.loaded)} loaded`)
    for (const name of ['unchanged', 'superseded', 'filtered', 'parked'] as const) if (records[name] > 0) parts.push(`${count(records[name])} ${name}`)
    parts.push(`${count(records.quarantined)} quarantined`)
    if (records.removed) parts.push(`${count(records.removed)} rows removed`)
  }
  if (throughput !== undefined && throughput > 0) parts.push(`${count(throughput)}/s`)
  return parts.join(' · ')
}
