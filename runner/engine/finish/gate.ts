// The quality gate: what a run must reach to succeed. Evaluated by the finish step, and by each worker while it still reads.
import { defaults } from '../../../crds/defaults.ts'
import type { PipelineSpec } from '../../../crds/pipeline.ts'
import { HeadgateError } from '../../../sdk/index.ts'
import type { RunSoFar } from '../../../store/ledger.ts'

type Quality = PipelineSpec['quality']
type Totals = { read: number; quarantined: number; parked: number }

/** What a check has measured of a run, and what the pipeline allows. */
export type Measured = {
  /** The check: the field of `spec.quality` that it is declared by. */
  name: string
  measured: number
  allowed: number
  /** Why the run does not pass and what to do; undefined if it passes. */
  failure: string | undefined
}

/** Undefined if the pipeline does not ask for the check. */
type Check = (quality: NonNullable<Quality>, totals: Totals) => Measured | undefined

/** The first that fails is reported. */
const checks: readonly Check[] = [minRecords, maxRejectedRatio, someAccepted, maxRejected]

const look = 'see: headgate quarantine list'

/** What the gate has measured of a run that was read to its end, check by check. */
export function measureGate(quality: Quality, totals: Totals): Measured[] {
  return checks.flatMap((check) => check(quality ?? {}, totals) ?? [])
}

/** Throws QualityGate, with the figures, if the run's totals do not meet the pipeline's `quality`. */
export function checkGate(quality: Quality, totals: Totals): void {
  const failure = measureGate(quality, totals).find((measured) => measured.failure !== undefined)?.failure
  if (failure !== undefined) throw new HeadgateError('QualityGate', failure)
}

/**
 * Throws QualityGate if the run cannot meet the gate any more, whatever else it reads.
 *
 * Why that is certain for the share: let a further records be accepted and b be rejected until the end, a ≤ mostFurther. The gate then
 * judges (rejected + b) / (read + a + b). No share is above 1, so b cannot lower it, and a lowers it most where it is largest: the share
 * is at least rejected / (read + mostFurther). The same comparison judges both, and rounding keeps their order.
 */
export function checkSoFar(quality: Quality, { read, rejected, mostFurther }: RunSoFar): void {
  const { failure } = maxRejected(quality ?? {}, { read, quarantined: rejected, parked: 0 })
  if (failure !== undefined) throw new HeadgateError('QualityGate', failure)
  if (mostFurther === undefined || !isShareTooLarge(quality, rejected, read + mostFurther)) return
  const least = percent(rejected / (read + mostFurther))
  throw new HeadgateError(
    'QualityGate',
    `${rejected} of ${read} records were rejected and at most ${mostFurther} more can be accepted (at least ${least} % in the end), ${allowedShare(quality)}; ${look}`,
  )
}

function minRecords({ minRecords: allowed }: NonNullable<Quality>, { read }: Totals): Measured | undefined {
  if (allowed === undefined) return undefined
  const failure = read < allowed ? `the source gave ${read} records, quality.minRecords asks for ${allowed}; look at the source before lowering it` : undefined
  return { name: 'minRecords', measured: read, allowed, failure }
}

function maxRejectedRatio(quality: NonNullable<Quality>, totals: Totals): Measured | undefined {
  if (quality.maxRejectedRatio === undefined) return undefined
  const { read } = totals
  const rejected = rejectedOf(totals)
  const measured = read === 0 ? 0 : rejected / read
  const failure = isShareTooLarge(quality, rejected, read)
    ? `${rejected} of ${read} records were rejected (${percent(measured)} %), ${allowedShare(quality)}; ${look}`
    : undefined
  return { name: 'maxRejectedRatio', measured, allowed: Number(quality.maxRejectedRatio), failure }
}

/** Without a declared share, a run that rejects everything has read something else than was meant. */
function someAccepted(quality: NonNullable<Quality>, totals: Totals): Measured | undefined {
  const { read } = totals
  if (read === 0 || quality.maxRejectedRatio !== undefined) return undefined
  const rejected = rejectedOf(totals)
  const failure = rejected === read ? `all ${read} records were rejected; write quality.maxRejectedRatio: "1" if that is fine; ${look}` : undefined
  return { name: 'maxRejectedRatio', measured: rejected, allowed: read - 1, failure }
}

function maxRejected(quality: NonNullable<Quality>, totals: Totals): Measured {
  const measured = rejectedOf(totals)
  const allowed = mostRejected(quality)
  return { name: 'maxRejected', measured, allowed, failure: measured <= allowed ? undefined : tooMany(quality, measured, allowed) }
}

function tooMany(quality: NonNullable<Quality>, rejected: number, allowed: number): string {
  if (isZero(quality)) return `a record was rejected and quality.maxRejectedRatio allows 0 %; ${look}`
  const declared = quality.maxRejected === undefined ? 'the default of quality.maxRejected' : 'quality.maxRejected'
  return `${rejected} records were rejected, ${declared} allows ${allowed}; ${look}`
}

function rejectedOf({ quarantined, parked }: Totals): number {
  return quarantined + parked
}

/** Whether the share of rejected records is more than the pipeline allows, if it says how much that is. */
export function isShareTooLarge(quality: Quality, rejected: number, read: number): boolean {
  return quality?.maxRejectedRatio !== undefined && read > 0 && rejected / read > Number(quality.maxRejectedRatio)
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
