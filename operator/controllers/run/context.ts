// The dependencies of the run controller's steps, and in-memory state per run that a restart may lose. Created by run.ts.
import type { Caches } from '../../cache/caches.ts'
import { type CachedRun, runKey } from '../../cache/runs.ts'
import type { ControllerParts, ControllerSettings, RunStore } from '../controller.ts'
import type { StatusWriting } from './status.ts'

/** `client` and `events` are restricted to the namespace of the reconciled run. */
export type RunContext = StatusWriting &
  Pick<ControllerParts, 'report' | 'cancelSignal'> &
  Pick<Caches, 'runs' | 'pipelines' | 'jobs' | 'pods'> & {
    settings: Pick<ControllerSettings, 'workerImage' | 'maxActiveRuns' | 'limits'>
    store?: Pick<RunStore, 'findTotals' | 'end'> | undefined
    progress: Pick<ControllerParts['progress'], 'latest'>
    memories: Map<string, RunMemory>
  }

/** When this process first observed something, in milliseconds since 1970, and what it has already done. */
export type RunMemory = {
  refusedSince?: number
  endSeenAt?: number
  cancelSeenAt?: number
  suspendSeenAt?: number
  signal?: 'sent' | 'failed'
  /** The latest warning Event about the Job or a pod, and when Events were last listed. */
  hint?: string | undefined
  hintCheckedAt?: number
  /** When the namespace was last checked for deletion. */
  namespaceCheckedAt?: number
  /** When the condition's message was last written. */
  messageWrittenAt?: number
}

/** Milliseconds until the next reconcile; undefined: when something changes. */
export type Requeue = { requeueAfterMs: number } | undefined

export function memoryOf({ memories }: Pick<RunContext, 'memories'>, run: CachedRun): RunMemory {
  const key = runKey(run)
  const memory = memories.get(key) ?? {}
  memories.set(key, memory)
  return memory
}
