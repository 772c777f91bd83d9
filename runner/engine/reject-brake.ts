// RejectBrake: ends a run that has rejected too many records, while it is still being read. One per worker; used by the slice loop.
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { checkRejected, mostRejected } from './gate.ts'

/** The rejected records of all workers that the ledger holds. */
type Ledger = () => Promise<number>

export class RejectBrake {
  readonly #quality: PipelineSpec['quality']
  readonly #workers: number
  /** The ledger's sum when it was read last, and what this worker has rejected since. */
  #sum: number | undefined
  #own = 0

  constructor(quality: PipelineSpec['quality'], workers: number) {
    this.#quality = quality
    this.#workers = workers
  }

  /**
   * Notes rejected records of a batch that is committed. Throws QualityGate when the run has rejected more than it may. Reads the ledger
   * again when all workers together may have used up half of what was left, so the limit is passed by a batch per worker at most.
   */
  async note(rejected: number, ledger: Ledger): Promise<void> {
    if (rejected === 0) return
    this.#own += rejected
    const left = mostRejected(this.#quality) - (this.#sum ?? 0)
    if (this.#sum === undefined || this.#own > left || this.#own * this.#workers * 2 > left) {
      this.#sum = await ledger()
      this.#own = 0
    }
    checkRejected(this.#quality, this.#sum + this.#own)
  }
}
