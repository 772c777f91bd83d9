// What an administrator forbids the pipelines of all namespaces, and what workers get where a Pipeline says nothing. config.ts reads it.
export type Limits = {
  /** Milliseconds; a Pipeline without a timeout gets this one. */
  timeoutMs: number | undefined
  /** Milliseconds; a Pipeline without a start deadline gets this one if it is below the default. */
  startDeadlineMs: number | undefined
  workers: number | undefined
  /** Quantities, for each worker. */
  cpu: string | undefined
  memory: string | undefined
  /** Memory limit of workers whose Pipeline gives none; a quantity. */
  defaultMemory: string | undefined
  /** Size of a worker's /tmp; a quantity. */
  tmpSize: string | undefined
  /** Plugins must be packages of the image, or files below this folder of it. Undefined: anything. */
  pluginFolder: string | undefined
  /** Beginnings of images that a Pipeline may name; empty: any. */
  images: readonly string[]
  /** Runs of one namespace that may be at work at the same time. */
  runsPerNamespace: number | undefined
}
