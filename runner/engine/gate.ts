// The quality gate: what a run must reach to succeed. Evaluated by the finish step, and by each worker while it still reads.
import { defaults } from '../../crds/defaults.ts'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { HeadgateError } from '../../sdk/index.ts'
import type { RunSoFar } from '../../store/ledger.ts'

type Quality = PipelineSpec['quality']
type Totals = { read: number; quarantined: number; parked: number }

const look = 'see: headgate quarantine list'

/** Throws QualityGate, with the figures, if the run's totals do not meet the pipeline's `quality`. */
export function checkGate(quality: Quality, totals: Totals): void {
  const { maxRejectedRatio, minRecords } = quality ?? {}
  if (minRecords !== undefined && totals.read < minRecords) {
    throw new HeadgateError(
      'QualityGate',
      `the source gave ${totals.read} records, quality.minRecords asks for ${minRecords}; look at the source before lowering it`,
    )
  }
  const rejected = totals.quarantined + totals.parked
  if (isShareTooLarge(quality, rejected, totals.read)) {
    throw new HeadgateError(
      'QualityGate',
      `${rejected} of ${totals.read} records were rejected (${percent(rejected / totals.read)} %), ${allowedShare(quality)}; ${look}`,
    )
  }
  if (totals.read > 0 && rejected === totals.read && maxRejectedRatio === undefined) {
    throw new HeadgateError('QualityGate', `all ${totals.read} records were rejected; write quality.maxRejectedRatio: "1" if that is fine; ${look}`)
  }
  checkRejected(quality, rejected)
}

/**
 * Throws QualityGate if the run cannot meet the gate any more, whatever else it reads.
 *
 * Why that is certain for the share: let a further records be accepted and b be rejected until the end, a ≤ mostFurther. The gate then
 * judges (rejected + b) / (read + a + b). No share is above 1, so b cannot lower it, and a lowers it most where it is largest: the share
 * is at least rejected / (read + mostFurther). The same comparison judges both, and rounding keeps their order.
 */
export function checkSoFar(quality: Quality, { read, rejected, mostFurther }: RunSoFar): void {
  checkRejected(quality, rejected)
  if (mostFurther === undefined || !isShareTooLarge(quality, rejected, read + mostFurther)) return
  const least = percent(rejected / (read + mostFurther))
  throw new HeadgateError(
    'QualityGate',
    `${rejected} of ${read} records were rejected and at most ${mostFurther} more can be accepted (at least ${least} % in the end), ${allowedShare(quality)}; ${look}`,
  )
}

/** Whether the share of rejected records is more than the pipeline allows, if it says how much that is. */
export function isShareTooLarge(quality: Quality, rejected: number, read: number): boolean {
  return quality?.maxRejectedRatio !== undefined && read > 0 && rejected / read > Number(quality.maxRejectedRatio)
}

function checkRejected(quality: Quality, rejected: number): void {
  if (rejected <= mostRejected(quality)) return
  if (isZero(quality)) throw new HeadgateError('QualityGate', `a record was rejected and quality.maxRejectedRatio allows 0 %; ${look}`)
  const declared = quality?.maxRejected === undefined ? 'the default of quality.maxRejected' : 'quality.maxRejected'
  throw new HeadgateError('QualityGate', `${rejected} records were rejected, ${declared} allows ${mostRejected(quality)}; ${look}`)
}

/** How many records a run may reject at most. */
export function mostRejected(quality: Quality): number {
  return isZero(quality) ? 0 : (quality?.maxRejected ?? defaults.quality.maxRejected)
}

function isZero(quality: Quality): boolean {
  return quality?.maxRejectedRatio !== undefined && Number(quality.maxRejectedRatio) === 0
}

function allowedShare(quality: Quality): string {
  return `quality.maxRejectedRatio allows ${Number(quality?.maxRejectedRatio) * 100} %`
}

function percent(share: number): string {
  return (share * 100).toFixed(2)
}
