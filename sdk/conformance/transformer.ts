// transformerChecks: what a transformer promises: one answer per record, the same every time, whatever stands beside it.
import type { Transformer, TypedRecord } from '../transformer.ts'
import { type Check, promise, promiseSame, shown } from './check.ts'

export type TransformerKit = {
  /** Makes the transformer anew. */
  make: () => Transformer
  /** Accepted records: values in the notation of TypedRecord. */
  records: readonly TypedRecord[]
}

type Results = readonly (TypedRecord | undefined)[]

/** Checks of a transformer. */
export function transformerChecks({ make, records }: TransformerKit): Check[] {
  const transformed = async () => make().transform(structuredClone(records))
  return [
    { name: 'returns one result per record', run: async () => oneEach(await transformed(), records) },
    { name: 'returns records, or undefined to filter one out', run: async () => areRecords(await transformed()) },
    { name: 'leaves the records it was given as they are', run: () => leavesRecords(make, records) },
    { name: 'returns the same every time', run: async () => promiseSame(await transformed(), await transformed(), 'transformed twice') },
    { name: 'returns the same wherever batches end', run: () => batchesMakeNoDifference(make, records) },
  ]
}

function oneEach(results: Results, records: readonly TypedRecord[]): void {
  promise(Array.isArray(results) && results.length === records.length, `returned ${shown(results)} for ${records.length} records`)
}

function areRecords(results: Results): void {
  for (const result of results) {
    promise(result === undefined || (typeof result === 'object' && result !== null && !Array.isArray(result)), `returned ${shown(result)} for a record`)
  }
}

async function leavesRecords(make: TransformerKit['make'], records: readonly TypedRecord[]): Promise<void> {
  const given = structuredClone(records)
  await make().transform(given)
  promiseSame(given, records, 'records before and after')
}

async function batchesMakeNoDifference(make: TransformerKit['make'], records: readonly TypedRecord[]): Promise<void> {
  const transformer = make()
  const alone: (TypedRecord | undefined)[] = []
  for (const record of records) alone.push(...(await transformer.transform([structuredClone(record)])))
  promiseSame(await make().transform(structuredClone(records)), alone, 'records in one batch, and each in a batch of its own')
}
