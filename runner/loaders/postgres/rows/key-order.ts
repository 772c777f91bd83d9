// Orders a batch's rows approximately by key: ordered index inserts touch few pages, and workers lock rows in the same order.
import type { EncodedRows } from '../../../copy/encoded-rows.ts'

const indexBits = 21
const ranks = 2 ** (53 - indexBits) - 1

export type KeyOrder = {
  /** Row indexes in key order; undefined if the present order is best. */
  order: Uint32Array | undefined
  /** False if no two rows can have the same key: equal keys have equal sort keys. */
  mayRepeat: boolean
}

/** Ranks scaled to 32 bits are packed with the row's index into one number, which typed arrays sort natively. */
export function keyOrder(rows: EncodedRows): KeyOrder {
  const { size, sortable } = rows
  if (!sortable || size < 2 || size > 2 ** indexBits) return { order: undefined, mayRepeat: size > 1 }
  const keys = rows.sortKeys.subarray(0, size)
  const { lowest, highest, rising, strictly } = survey(keys)
  if (rising) return { order: undefined, mayRepeat: !strictly }
  if (!Number.isFinite(highest - lowest)) return { order: undefined, mayRepeat: true }
  const scale = highest === lowest ? 0 : ranks / (highest - lowest)
  const packed = new Float64Array(size)
  for (let index = 0; index < size; index++) {
    packed[index] = Math.min(ranks, Math.floor(((keys[index] as number) - lowest) * scale)) * 2 ** indexBits + index
  }
  packed.sort()
  const order = new Uint32Array(size)
  for (let place = 0; place < size; place++) order[place] = (packed[place] as number) % 2 ** indexBits
  return { order, mayRepeat: repeats(keys, packed, order) }
}

function survey(keys: Float64Array) {
  let lowest = Infinity
  let highest = -Infinity
  let previous = -Infinity
  let rising = true
  let strictly = true
  for (const key of keys) {
    if (!(key >= previous)) rising = false
    if (!(key > previous)) strictly = false
    if (!(key >= lowest)) lowest = key
    if (!(key <= highest)) highest = key
    previous = key
  }
  return { lowest, highest, rising, strictly }
}

/** Whether any two sort keys are equal; those can only be within a run of equal ranks. */
function repeats(keys: Float64Array, packed: Float64Array, order: Uint32Array): boolean {
  let from = 0
  for (let place = 1; place <= order.length; place++) {
    if (place < order.length && rank(packed, place) === rank(packed, from)) continue
    if (place - from > 1 && new Set(Array.from(order.subarray(from, place), (index) => keys[index])).size < place - from) return true
    from = place
  }
  return false
}

function rank(packed: Float64Array, place: number): number {
  return Math.floor((packed[place] as number) / 2 ** indexBits)
}
