// Record order: the place of a record in the source of its run, as one number. It is the column `_pos`, and decides which of two
// records with one key is the later. All arithmetic on it is here; for SQL see store/record-order.ts.

/** Inputs of a run are numbered below this. */
export const maxInputs = 2 ** 19
/** A record's order within its input is below this. */
export const maxOrders = 2 ** 44

const ordersPerInput = BigInt(maxOrders)

/** `_pos` of a record, by the ordinal of its input and its order within that. */
export function recordOrder(input: number, order: number): bigint {
  return BigInt(input) * ordersPerInput + BigInt(order)
}

/** The input's ordinal and the order within it, of a `_pos` in decimal digits or as a bigint. */
export function placeOf(recordOrder: bigint | string): { input: number; order: number } {
  const number = BigInt(recordOrder)
  return { input: Number(number / ordersPerInput), order: Number(number % ordersPerInput) }
}

/** The upper and the lower 32 bits of `_pos`, without a bigint: rows are encoded by the million. */
export function upperOfOrder(input: number, order: number): number {
  return input * (maxOrders / 2 ** 32) + Math.floor(order / 2 ** 32)
}

export function lowerOfOrder(order: number): number {
  return order >>> 0
}
