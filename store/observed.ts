// ObservedFields: how the fields of a source differed from the declared ones, as the ledger keeps it.

/** Most names of one kind. */
export const mostObservedNames = 50

/** `names`: at most 50 of them, each cut to 100 characters; fewer where names are hidden because the pipeline has sensitive fields. */
export type ObservedNames = { count: number; names: string[] }

/**
 * `added`: fields that the schema does not declare. `missing`: declared fields that the source lacks. `moved`: declared fields in another
 * order than declared. `retyped`: declared fields of which at least half of the batch's records have a value of another type.
 */
export type ObservedFields = Partial<Record<'added' | 'missing' | 'moved' | 'retyped', ObservedNames>>

/** What the batches of both observed: the larger of two counts, and the names of both. */
export function mergeObserved(one: ObservedFields | undefined, other: ObservedFields | undefined): ObservedFields | undefined {
  if (one === undefined || other === undefined || one === other) return one ?? other
  const merged: ObservedFields = { ...one }
  for (const [kind, found] of Object.entries(other) as [keyof ObservedFields, ObservedNames][]) {
    const names = [...new Set([...(merged[kind]?.names ?? []), ...found.names])]
    merged[kind] = { count: Math.max(names.length, merged[kind]?.count ?? 0, found.count), names: names.slice(0, mostObservedNames) }
  }
  return merged
}
