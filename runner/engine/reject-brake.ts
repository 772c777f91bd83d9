// RejectBrake: fails a run early, while it is still being read, once it can no longer pass its quality gate. One per worker; called by the
// slice loop.
import type { PipelineSpec } from '../../crds/pipeline.ts'
import type { RunSoFar } from '../../store/ledger.ts'
import { checkSoFar, isShareTooLarge, maxRejectedRecords } from './finish/gate.ts'

/** Reads the counts of all workers from the ledger. */
type Ledger = () => Promise<RunSoFar>

/**
 * The effect of a committed batch: the number of its rejected records, and by how much it lowers the number of records that the run can
 * still reach, because its bytes held fewer records than they might have.
 */
export type BatchEffect = { rejected: number; ruledOut: number }

export class RejectBrake {
  readonly #quality: PipelineSpec['quality']
  readonly #workers: number
  /** The ledger when it was last read, and the effect of this worker's batches since. */
  #seen: RunSoFar | undefined
  #own: BatchEffect = { rejected: 0, ruledOut: 0 }

  constructor(quality: PipelineSpec['quality'], workers: number) {
    this.#quality = quality
    this.#workers = workers
  }

  /**
   * Records a committed batch. Throws QualityGate if the run can no longer pass the gate, which only the ledger decides. The ledger is read
   * after the first rejected record, and again whenever the limit may have been reached, assuming that every worker's effect since the last
   * reading is twice this worker's. So the limit is exceeded by at most one batch per worker.
   */
  async record({ rejected, ruledOut }: BatchEffect, ledger: Ledger): Promise<void> {
    this.#own = { rejected: this.#own.rejected + rejected, ruledOut: this.#own.ruledOut + ruledOut }
    if (this.#seen === undefined ? rejected === 0 : !this.#mayDecide(this.#seen)) return
    this.#seen = await ledger()
    this.#own = { rejected: 0, ruledOut: 0 }
    checkSoFar(this.#quality, this.#seen)
  }

  /** Whether the run may fail the gate by now, assuming that every worker's effect is twice as large as this worker's. */
  #mayDecide({ read, rejected, maxRemaining }: RunSoFar): boolean {
    const factor = this.#workers * 2
    const rejectedNow = rejected + this.#own.rejected * factor
    if (rejectedNow > maxRejectedRecords(this.#quality)) return true
    if (maxRemaining === undefined) return false
    return isShareTooLarge(this.#quality, rejectedNow, Math.max(1, read + maxRemaining - this.#own.ruledOut * factor))
  }
}
