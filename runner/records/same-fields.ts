// sameFields: whether two lists name the same fields in the same order. Used where inputs are packed, and where batches are bound.

export function sameFields(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  return one === other || (one?.length === other?.length && one?.every((field, index) => field === other?.[index]) === true)
}
