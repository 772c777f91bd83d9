// The quality gate: the conditions that a run must meet to succeed. Called by the finish step, and by each worker while it reads.
import { defaults } from '../../../crds/defaults.ts'
import type { PipelineSpec } from '../../../crds/pipeline.ts'
import { HeadgateError } from '../../../sdk/index.ts'
import type { RunSoFar } from '../../../store/ledger.ts'

type Quality = PipelineSpec['quality']
type Totals = { read: number; quarantined: number; parked: number }

/** The value that a check measured, and the value that the pipeline allows. */
export type Measured = {
  /** Name of the check: its field in `spec.quality`. */
  name: string
  measured: number
  allowed: number
  /** Why the run fails the check, and what to do; undefined if the run passes. */
  failure: string | undefined
}

/** Returns undefined if the pipeline does not declare the check. */
type Check = (quality: NonNullable<Quality>, totals: Totals) => Measured | undefined

/** The first check that fails is reported. */
const checks: readonly Check[] = [minRecords, maxRejectedRatio, someAccepted, maxRejected]

const listHint = 'see: headgate quarantine list'

/** Results of all checks for a run that has been read completely. */
export function measureGate(quality: Quality, totals: Totals): Measured[] {
  return checks.flatMap((check) => check(quality ?? {}, totals) ?? [])
}

/** Throws QualityGate, with the figures, if the run's totals do not meet the pipeline's `quality`. */
export function checkGate(quality: Quality, totals: Totals): void {
  const failure = measureGate(quality, totals).find((measured) => measured.failure !== undefined)?.failure
  if (failure !== undefined) throw new HeadgateError('QualityGate', failure)
}

/**
 * Throws QualityGate if the run can no longer pass the gate, whatever records follow.
 *
 * Proof for the ratio: let a be the number of further records that are accepted and b the number that are rejected, with a ≤ maxRemaining.
 * The final ratio is (rejected + b) / (read + a + b). As no ratio exceeds 1, b cannot lower it, and it is lowest for the largest a. So it
 * is at least rejected / (read + maxRemaining). Both ratios are compared by the same function, and rounding preserves their order.
 */
export function checkSoFar(quality: Quality, { read, rejected, maxRemaining }: RunSoFar): void {
  const { failure } = maxRejected(quality ?? {}, { read, quarantined: rejected, parked: 0 })
  if (failure !== undefined) throw new HeadgateError('QualityGate', failure)
  if (maxRemaining === undefined || !isShareTooLarge(quality, rejected, read + maxRemaining)) return
  const least = percent(rejected / (read + maxRemaining))
  throw new HeadgateError(
    'QualityGate',
    `${rejected} of ${read} records were rejected and at most ${maxRemaining} more can be accepted (at least ${least} % in the end), ${allowedRatio(quality)}; ${listHint}`,
  )
}

function minRecords({ minRecords: allowed }: NonNullable<Quality>, { read }: Totals): Measured | undefined {
  if (allowed === undefined) return undefined
  const failure =
    read < allowed ? `the source has ${read} records, but quality.minRecords requires ${allowed}; check the source before lowering minRecords` : undefined
  return { name: 'minRecords', measured: read, allowed, failure }
}

function maxRejectedRatio(quality: NonNullable<Quality>, totals: Totals): Measured | undefined {
  if (quality.maxRejectedRatio === undefined) return undefined
  const { read } = totals
  const rejected = rejectedOf(totals)
  const measured = read === 0 ? 0 : rejected / read
  const failure = isShareTooLarge(quality, rejected, read)
    ? `${rejected} of ${read} records were rejected (${percent(measured)} %), ${allowedRatio(quality)}; ${listHint}`
    : undefined
  return { name: 'maxRejectedRatio', measured, allowed: Number(quality.maxRejectedRatio), failure }
}

/** Without a declared ratio, a run that rejects every record has probably read the wrong source. */
function someAccepted(quality: NonNullable<Quality>, totals: Totals): Measured | undefined {
  const { read } = totals
  if (read === 0 || quality.maxRejectedRatio !== undefined) return undefined
  const rejected = rejectedOf(totals)
  const failure = rejected === read ? `all ${read} records were rejected; set quality.maxRejectedRatio: "1" to allow this; ${listHint}` : undefined
  return { name: 'maxRejectedRatio', measured: rejected, allowed: read - 1, failure }
}

function maxRejected(quality: NonNullable<Quality>, totals: Totals): Measured {
  const measured = rejectedOf(totals)
  const allowed = maxRejectedRecords(quality)
  return { name: 'maxRejected', measured, allowed, failure: measured <= allowed ? undefined : tooMany(quality, measured, allowed) }
}

function tooMany(quality: NonNullable<Quality>, rejected: number, allowed: number): string {
  if (isZero(quality)) return `a record was rejected and quality.maxRejectedRatio allows 0 %; ${listHint}`
  const declared = quality.maxRejected === undefined ? 'the default of quality.maxRejected' : 'quality.maxRejected'
  return `${rejected} records were rejected, ${declared} allows ${allowed}; ${listHint}`
}

function rejectedOf({ quarantined, parked }: Totals): number {
  return quarantined + parked
}

/** Whether the ratio of rejected records exceeds `maxRejectedRatio`; false if that is not declared. */
export function isShareTooLarge(quality: Quality, rejected: number, read: number): boolean {
  return quality?.maxRejectedRatio !== undefined && read > 0 && rejected / read > Number(quality.maxRejectedRatio)
}

/** The maximum number of records that a run may reject. */
export function maxRejectedRecords(quality: Quality): number {
  return isZero(quality) ? 0 : (quality?.maxRejected ?? defaults.quality.maxRejected)
}

function isZero(quality: Quality): boolean {
  return quality?.maxRejectedRatio !== undefined && Number(quality.maxRejectedRatio) === 0
}

function allowedRatio(quality: Quality): string {
  return `quality.maxRejectedRatio allows ${Number(quality?.maxRejectedRatio) * 100} %`
}

function percent(ratio: number): string {
  return (ratio * 100).toFixed(2)
}
