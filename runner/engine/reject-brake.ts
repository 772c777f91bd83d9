// RejectBrake: ends a run that can no longer meet its quality gate, while it is still being read. One per worker; used by the slice loop.
import type { PipelineSpec } from '../../crds/pipeline.ts'
import type { RunSoFar } from '../../store/ledger.ts'
import { checkSoFar, isShareTooLarge, mostRejected } from './finish/gate.ts'

/** What the ledger holds of all workers. */
type Ledger = () => Promise<RunSoFar>

/** What a committed batch changes: its rejected records, and how many fewer records can follow than its bytes might have held. */
export type Step = { rejected: number; ruledOut: number }

export class RejectBrake {
  readonly #quality: PipelineSpec['quality']
  readonly #workers: number
  /** The ledger when it was read last, and what this worker has done since. */
  #seen: RunSoFar | undefined
  #own: Step = { rejected: 0, ruledOut: 0 }

  constructor(quality: PipelineSpec['quality'], workers: number) {
    this.#quality = quality
    this.#workers = workers
  }

  /**
   * Notes a batch that is committed. Throws QualityGate when the run cannot pass any more. The ledger alone decides that. It is read
   * after the first rejected record, and again when all workers together may have used up half of what was left, so the limit is passed
   * by a batch per worker at most.
   */
  async note({ rejected, ruledOut }: Step, ledger: Ledger): Promise<void> {
    this.#own = { rejected: this.#own.rejected + rejected, ruledOut: this.#own.ruledOut + ruledOut }
    if (this.#seen === undefined ? rejected === 0 : !this.#mayDecide(this.#seen)) return
    this.#seen = await ledger()
    this.#own = { rejected: 0, ruledOut: 0 }
    checkSoFar(this.#quality, this.#seen)
  }

  /** Whether the ledger may say otherwise by now, if the other workers have done twice as much as this one. */
  #mayDecide({ read, rejected, mostFurther }: RunSoFar): boolean {
    const others = this.#workers * 2
    const rejectedNow = rejected + this.#own.rejected * others
    if (rejectedNow > mostRejected(this.#quality)) return true
    if (mostFurther === undefined) return false
    return isShareTooLarge(this.#quality, rejectedNow, Math.max(1, read + mostFurther - this.#own.ruledOut * others))
  }
}
