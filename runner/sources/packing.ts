// Packing: small inputs share a slice, because each slice costs a claim and a commit of its own. Used by SourceExtractor.
import { HeadgateError, type Position, type RecordBatch, type Slice } from '../../sdk/index.ts'
import type { InputPlan, Range } from '../formats/format.ts'
import { sameFields } from '../records/same-fields.ts'
import type { Input } from './source.ts'

/** A planned input, or a range of one, with its ordinal. */
export type Part = { ordinal: number; input: Input; range: Range }

/** `spec` of a slice. Its inputs follow each other; one of a single input has one part. */
export type SliceSpec = { parts: readonly Part[] }

/** A planned input. */
export type Planned = { ordinal: number; input: Input; plan: InputPlan }

/** Inputs of this size, or more, have slices of their own. */
const smallBytes = 1 << 20
/** Keeps the row of a slice, which has the identity of each input, to a few hundred kilobytes. */
const mostParts = 1000

/** The slices of inputs, in order. Small ones with the same fields share a slice of about `targetBytes`. */
export function* packed(inputs: Iterable<Planned>, targetBytes: number): Generator<Slice> {
  let pack: Planned[] = []
  let bytes = 0
  for (const planned of inputs) {
    const size = smallSize(planned)
    const fits = size !== undefined && bytes + size <= targetBytes && pack.length < mostParts && (pack[0] === undefined || sameOutline(pack[0], planned))
    if (!fits && pack.length > 0) {
      yield sliceOf(pack)
      pack = []
      bytes = 0
    }
    if (size === undefined) yield* slicesOf(planned)
    else {
      pack.push(planned)
      bytes += size
    }
  }
  if (pack.length > 0) yield sliceOf(pack)
}

/** A slice for each range of the input. */
export function slicesOf({ ordinal, input, plan: { ranges, ...outline } }: Planned): Slice[] {
  return ranges.map((range) => {
    const bytes = sizeOf(range, input)
    const spec: SliceSpec = { parts: [{ ordinal, input, range }] }
    return { input: ordinal, name: input.name, spec: spec as unknown as Position, ...(bytes !== undefined && { bytes }), ...outline }
  })
}

function sliceOf(pack: readonly Planned[]): Slice {
  const [first] = pack
  if (first === undefined || pack.length === 1) return slicesOf(first as Planned)[0] as Slice
  const parts = pack.flatMap(({ ordinal, input, plan }) => plan.ranges.map((range): Part => ({ ordinal, input, range })))
  const { ranges: _, ...outline } = first.plan
  return {
    input: first.ordinal,
    name: `${first.input.name} and ${pack.length - 1} more`,
    inputs: pack.map(({ input }) => input.name),
    spec: { parts } as unknown as Position,
    bytes: pack.reduce((sum, { input }) => sum + (input.size ?? 0), 0),
    ...outline,
  }
}

/** Undefined for an input that is large, split, or of unknown size. */
function smallSize({ input: { size }, plan: { ranges } }: Planned): number | undefined {
  return size !== undefined && size < smallBytes && ranges.length === 1 ? size : undefined
}

function sameOutline({ plan: one }: Planned, { plan: other }: Planned): boolean {
  return one.leastRecordBytes === other.leastRecordBytes && sameFields(one.fields, other.fields)
}

function sizeOf({ start, end }: Range, { size }: Input): number | undefined {
  const until = end ?? size
  return until === undefined ? undefined : until - start
}

/** Which part of a slice comes next, and where in it: at its beginning if `at` is missing. */
export type PackedPosition = { part: number; at?: Position }

/** Where to go on in a slice of several parts. Throws InvalidPosition. */
export function packedPosition(position: Position | undefined, parts: readonly Part[], name: string): PackedPosition {
  if (position === undefined) return { part: 0 }
  const { part = -1, at } = (typeof position === 'object' && position !== null ? position : {}) as Partial<PackedPosition>
  if (Number.isSafeInteger(part) && part >= 0 && part < parts.length) return at === undefined ? { part } : { part, at }
  throw new HeadgateError('InvalidPosition', `${name} was to be read on from ${JSON.stringify(position)}, which names none of its inputs; start a new run`)
}

/** A batch of a part of a slice that has several. */
export function placed(batch: RecordBatch, { ordinal }: Part, part: number): RecordBatch {
  // The batch is changed and not wrapped, because the column program reads the cells of its class.
  return Object.assign(batch, { input: ordinal, next: { part, at: batch.next } satisfies PackedPosition })
}
