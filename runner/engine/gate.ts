// The quality gate: what a run must reach to succeed. Evaluated by the finish step, and by each worker while it still reads.
import { defaults } from '../../crds/defaults.ts'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { HeadgateError } from '../../sdk/index.ts'

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
  const ratio = totals.read === 0 ? 0 : rejected / totals.read
  if (maxRejectedRatio !== undefined && ratio > Number(maxRejectedRatio)) {
    throw new HeadgateError(
      'QualityGate',
      `${rejected} of ${totals.read} records were rejected (${(ratio * 100).toFixed(2)} %), quality.maxRejectedRatio allows ${Number(maxRejectedRatio) * 100} %; ${look}`,
    )
  }
  if (ratio === 1 && maxRejectedRatio === undefined) {
    throw new HeadgateError('QualityGate', `all ${totals.read} records were rejected; write quality.maxRejectedRatio: "1" if that is fine; ${look}`)
  }
  checkRejected(quality, rejected)
}

/** Throws QualityGate if so many rejected records are too many, whatever else is read. */
export function checkRejected(quality: Quality, rejected: number): void {
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
