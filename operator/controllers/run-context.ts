// What the steps of the run controller share: the parts, what was written, who was admitted, and small memories of each run that a
// restart may lose.
import type { PipelineRunStatus, RunPhase } from '../../crds/status.ts'
import type { KeptRun } from '../kept.ts'
import type { AdmissionDesk } from './admission/desk.ts'
import type { RunParts } from './parts.ts'
import { referenceTo, runKey } from './run-state.ts'
import { ended, going, type Said } from './run-status.ts'
import type { RunWriter } from './run-writer.ts'

/** When this process first saw something, in milliseconds since 1970; and what it has done already. */
export type RunMemory = {
  refusedSince?: number
  endSeenAt?: number
  cancelSeenAt?: number
  suspendSeenAt?: number
  signal?: 'sent' | 'failed'
  /** A warning of the cluster about the Job or a pod, and when it was asked for. */
  hint?: string | undefined
  hintAskedAt?: number
  /** When it was asked whether the namespace is being deleted. */
  namespaceAskedAt?: number
  /** When the condition's message was last written. */
  saidAt?: number
}

/** `client` and `recorder` reach the namespace of the reconciled run only. */
export type RunContext = RunParts & { writer: RunWriter; desk: AdmissionDesk; memories: Map<string, RunMemory> }

/** When to look at the run again; undefined: when something changes. */
export type Again = { again: number } | undefined

export function memoryOf({ memories }: Pick<RunContext, 'memories'>, run: KeptRun): RunMemory {
  const key = runKey(run)
  const memory = memories.get(key) ?? {}
  memories.set(key, memory)
  return memory
}

/** Tells people: an Event on the run. */
export function tell(
  context: Pick<RunContext, 'recorder'>,
  run: KeptRun,
  { reason, message }: Said,
  action: string,
  type: 'Normal' | 'Warning' = 'Normal',
): void {
  context.recorder.event(referenceTo(run), { type, reason, message, action })
}

/** Writes that the run goes on, and with what; answers whether that was news. */
export async function goOn(context: RunContext, run: KeptRun, phase: RunPhase, said: Said, more: Partial<PipelineRunStatus> = {}): Promise<boolean> {
  const before = run.status ?? {}
  const written = await context.writer.write(context.client, run, going({ ...before, ...more }, phase, said, context.clock.now()))
  return written !== undefined && written !== run
}

export type Ending = { phase: RunPhase; said: Said; more?: Partial<PipelineRunStatus> | undefined; at?: number | undefined }

/** Writes that the run has ended, for good, and tells people. */
export async function finish(context: RunContext, run: KeptRun, { phase, said, more, at }: Ending): Promise<undefined> {
  const now = context.clock.now()
  const status = ended({ ...run.status, ...more }, phase, said, { now, at: at ?? now })
  const written = await context.writer.write(context.client, run, status)
  if (written === undefined || written === run) return undefined
  context.memories.delete(runKey(run))
  context.desk.see(runKey(run), written)
  tell(context, run, said, phase === 'Succeeded' ? 'Finish' : phase, phase === 'Failed' ? 'Warning' : 'Normal')
  context.onEnded?.(run, status)
  return undefined
}
