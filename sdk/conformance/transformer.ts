// transformerChecks: what a transformer promises: fields known beforehand, and one result per record, independent of the other records.
import { isDeepStrictEqual } from 'node:util'
import type { RecordField } from '../field.ts'
import { FieldTransformer, Rejection, type Transformed, type Transformer, type TypedRecord } from '../transformer.ts'
import { type Check, promise, promiseSame, shown } from './check.ts'

export type TransformerKit = {
  /** Makes the transformer anew. */
  make: () => Transformer
  /** The fields of the records, as a pipeline would declare them. */
  fields: readonly RecordField[]
  /** Accepted records: values in the notation of TypedRecord. */
  records: readonly TypedRecord[]
}

type Results = readonly Transformed[]

/** Checks of a transformer. */
export function transformerChecks(kit: TransformerKit): Check[] {
  const { make, records } = kit
  const transformed = async () => make().transform(structuredClone(records))
  return [
    { name: 'outputs fields with a name and a type, each once', run: async () => areFields(outputOf(kit)) },
    { name: 'outputs the same fields every time', run: async () => promiseSame(outputOf(kit), outputOf(kit), 'two outputs differ') },
    { name: 'declares anew only fields that it changes', run: async () => declaresChangedFields(kit) },
    { name: 'returns one result per record', run: async () => oneEach(await transformed(), records) },
    { name: 'returns records, lists of records, rejections, or undefined', run: async () => areResults(await transformed()) },
    { name: 'returns records of the fields that it outputs', run: async () => haveFields(kit, await transformed()) },
    { name: 'rejects with a code and a message', run: async () => rejectSoundly(await transformed()) },
    { name: 'changes a value at once', run: async () => changesAtOnce(kit) },
    { name: 'leaves the records it was given as they are', run: () => leavesRecords(make, records) },
    { name: 'returns the same every time', run: async () => promiseSame(await transformed(), await transformed(), 'transformed twice') },
    { name: 'returns the same wherever batches end', run: () => batchesMakeNoDifference(make, records) },
  ]
}

function outputOf({ make, fields }: TransformerKit): readonly (RecordField & { from?: string })[] {
  return make().output(structuredClone(fields))
}

function areFields(output: readonly RecordField[]): void {
  promise(Array.isArray(output) && output.length > 0, `output returned ${shown(output)}, which is no list of fields`)
  const names = new Set<string>()
  for (const field of output as readonly RecordField[]) {
    promise(typeof field?.name === 'string' && field.name !== '' && typeof field.type === 'string', `output has ${shown(field)}, which is no field`)
    promise(!names.has(field.name), `output has the field ${field.name} twice`)
    names.add(field.name)
  }
}

function declaresChangedFields(kit: TransformerKit): void {
  const transformer = kit.make()
  if (!(transformer instanceof FieldTransformer)) return
  for (const { from, ...field } of outputOf(kit)) {
    const source = kit.fields.find(({ name }) => name === (from ?? field.name))
    promise(source !== undefined, `output has the field ${field.name}, which does not come from one that goes in`)
    const same = isDeepStrictEqual({ ...field, name: '' }, { ...source, name: '' })
    promise(same || transformer.fields.includes(source.name), `output declares ${source.name} anew, which is not in fields`)
  }
}

function oneEach(results: Results, records: readonly TypedRecord[]): void {
  promise(Array.isArray(results) && results.length === records.length, `returned ${shown(results)} for ${records.length} records`)
}

function areResults(results: Results): void {
  for (const result of results) {
    const isResult = result === undefined || result instanceof Rejection || (Array.isArray(result) ? result.every(isRecord) : isRecord(result))
    promise(isResult, `returned ${shown(result)} for a record`)
  }
}

function isRecord(value: unknown): value is TypedRecord {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Rejection)
  return isObject && typeof (value as { then?: unknown }).then !== 'function'
}

function haveFields(kit: TransformerKit, results: Results): void {
  // A FieldTransformer leaves renaming to the framework.
  const fields = kit.make() instanceof FieldTransformer ? kit.fields : outputOf(kit)
  const names = new Set(fields.map(({ name }) => name))
  for (const record of results.flat().filter(isRecord)) {
    const given = Object.keys(record)
    const strange = given.find((name) => !names.has(name) && record[name] !== undefined)
    promise(strange === undefined, `returned a record with the field ${strange}, which output does not have`)
    promise(
      given.some((name) => names.has(name)),
      `returned ${shown(record)}, which has no field of its output`,
    )
  }
}

function rejectSoundly(results: Results): void {
  for (const result of results) {
    if (!(result instanceof Rejection)) continue
    const isResult =
      result.errors.length > 0 && result.errors.every(({ code, message }) => typeof code === 'string' && code !== '' && typeof message === 'string')
    promise(isResult, `rejected a record with ${shown(result.errors)}`)
  }
}

function changesAtOnce({ make, records }: TransformerKit): void {
  const transformer = make()
  if (!(transformer instanceof FieldTransformer)) return
  for (const record of records) {
    for (const field of transformer.fields) {
      const value = record[field]
      if (value === null || value === undefined) continue
      const result = transformer.change(value, field) as { then?: unknown } | null | undefined
      promise(result !== undefined, `returned nothing for field ${field}; null stands for no value`)
      promise(typeof result?.then !== 'function', `returned a promise for field ${field}`)
    }
  }
}

async function leavesRecords(make: TransformerKit['make'], records: readonly TypedRecord[]): Promise<void> {
  const given = structuredClone(records)
  await make().transform(given)
  promiseSame(given, records, 'records before and after')
}

async function batchesMakeNoDifference(make: TransformerKit['make'], records: readonly TypedRecord[]): Promise<void> {
  const transformer = make()
  const alone: Transformed[] = []
  for (const record of records) alone.push(...(await transformer.transform([structuredClone(record)])))
  promiseSame(await make().transform(structuredClone(records)), alone, 'records in one batch, and each in a batch of its own')
}
