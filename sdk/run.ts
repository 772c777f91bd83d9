// RunContext: the run, as every stage sees it.

import type { Environment } from './environment.ts'

/** The run that a stage works for. */
export interface RunContext {
  /** Number of the run in the store, rising with every run; it becomes `_run` in the destination. */
  readonly id: number
  /** Name of the run, unique in the store. */
  readonly name: string
  /** `namespace/name` of the pipeline, or just its name outside Kubernetes. */
  readonly pipeline: string
  /** When the run was created; a resumed run keeps the time. */
  readonly createdAt: Date
  /** Parameters that the run was started with: values for the pipeline's placeholders, and for its plugins. */
  readonly params: Readonly<Record<string, string>>
  /** The interval that the run covers, without `end`; undefined if the run has none. */
  readonly interval: { readonly start: Date; readonly end: Date } | undefined
  /** Folder against which relative paths in the pipeline are resolved. */
  readonly folder: string
  /** Most records in a batch of an extractor, as the pipeline declares it. */
  readonly batchSize: number
  /** Aborted when the run is cancelled or the worker stops. Pass it to everything that waits. */
  readonly signal: AbortSignal
  /** Secrets, network, time and chance: what a class takes from outside. */
  readonly environment: Environment
  /** Adds a warning to the run's history. Never put a secret in it. */
  warn(code: string, message: string): void
}
