// RunContext: what every stage may know about the run it works for.

import type { Environment } from './environment.ts'

/** The run a stage works for. */
export interface RunContext {
  /** Number of the run in the store, rising with every run; it becomes `_run` in the destination. */
  readonly id: number
  /** Name of the run, unique in the store. */
  readonly name: string
  /** `namespace/name` of the pipeline, or just its name outside Kubernetes. */
  readonly pipeline: string
  /** When the run was begun; a resumed run keeps it. */
  readonly createdAt: Date
  /** Parameters that the run was started with: values of the pipeline's placeholders, and whatever its plugins make of them. */
  readonly params: Readonly<Record<string, string>>
  /** The time that the run is about, `start` included and `end` not, if it was given one. */
  readonly interval: { readonly start: Date; readonly end: Date } | undefined
  /** Folder against which relative paths in the pipeline are resolved. */
  readonly folder: string
  /** The most records that a batch of an extractor may hold: what the pipeline wants committed together. */
  readonly batchSize: number
  /** Aborted when the run is cancelled or the worker stops; pass it on to whatever waits. */
  readonly signal: AbortSignal
  /** Secrets, network, time and chance: what a class takes from outside. */
  readonly environment: Environment
  /** Tells whoever watches the run; goes to the run's history. Never put a secret in it. */
  warn(code: string, message: string): void
}
