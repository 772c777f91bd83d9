// The quality gate: what a run must reach to succeed. Evaluated once, by the finish step.
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { HeadgateError } from '../../sdk/index.ts'

type Totals = { read: number; quarantined: number; parked: number }

/** Throws QualityGate, with the figures, if the run's totals do not meet the pipeline's `quality`. */
export function checkGate(quality: PipelineSpec['quality'], totals: Totals): void {
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
      `${rejected} of ${totals.read} records were rejected (${(ratio * 100).toFixed(2)} %), quality.maxRejectedRatio allows ${Number(maxRejectedRatio) * 100} %; see: headgate quarantine list`,
    )
  }
}
