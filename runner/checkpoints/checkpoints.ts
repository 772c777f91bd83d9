// Checkpoints: what workers tell each other outside the store. Fast, and allowed to vanish: the ledger is the truth.

/** How far a slice is, for whoever watches. */
export type SliceProgress = {
  slice: number
  /** Counts of the slice's committed batches since this worker took it. */
  read: number
  loaded: number
  unchanged: number
  quarantined: number
  /** Bytes of input behind the committed batches, if the source knows. */
  bytes: number
}

export interface Checkpoints {
  /** A name for a worker of this process, unlike any other worker's, ever. */
  newWorker(): string
  /** Says that the worker lives; called every second or so. */
  heartbeat(worker: string): Promise<void>
  /** Which of these workers are certainly gone, so that their slices may be taken. */
  lapsed(workers: readonly string[]): Promise<string[]>
  saveProgress(run: number, progress: SliceProgress): Promise<void>
  /** Whether somebody asked for the run to stop. */
  cancelRequested(run: number): Promise<boolean>
}
