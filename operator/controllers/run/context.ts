// What the steps of the run controller are given, and the small memories of each run that a restart may lose. run.ts makes it.
import type { Caches } from '../../cache/caches.ts'
import { type KeptRun, runKey } from '../../cache/runs.ts'
import type { ControllerParts, ControllerSettings, RunStore } from '../controller.ts'
import type { StatusWriting } from './status.ts'

/** `client` and `events` reach the namespace of the reconciled run only. */
export type RunContext = StatusWriting &
  Pick<ControllerParts, 'report' | 'cancelSignal'> &
  Pick<Caches, 'runs' | 'pipelines' | 'jobs' | 'pods'> & {
    settings: Pick<ControllerSettings, 'workerImage' | 'maxActiveRuns' | 'limits'>
    store?: Pick<RunStore, 'findTotals' | 'end'> | undefined
    progress: Pick<ControllerParts['progress'], 'latest'>
    memories: Map<string, RunMemory>
  }

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

/** When to look at the run again; undefined: when something changes. */
export type Again = { again: number } | undefined

export function memoryOf({ memories }: Pick<RunContext, 'memories'>, run: KeptRun): RunMemory {
  const key = runKey(run)
  const memory = memories.get(key) ?? {}
  memories.set(key, memory)
  return memory
}
