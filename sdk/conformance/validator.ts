// validatorChecks: what a validator promises: one verdict per record, independent of the other records, and unchanged records.
import { ObjectBatch, type RecordBatch, type SourceRecord } from '../batch.ts'
import type { RecordError } from '../errors.ts'
import type { Validator } from '../validator.ts'
import { type Check, promise, promiseSame, shown } from './check.ts'

export type ValidatorKit = {
  /** Makes the validator anew. */
  make: () => Validator
  /** Records as the source gives them, good and bad ones. */
  records: readonly SourceRecord[]
}

type Found = { index: number; kind: 'reject' | 'warn'; error: RecordError }

/** Checks of a validator. A set-wise validator that compares the records of a batch with each other does not pass: batches end anywhere. */
export function validatorChecks({ make, records }: ValidatorKit): Check[] {
  return [
    { name: 'reports on records of the batch', run: () => indexesInBatch(make, records) },
    { name: 'reports errors with a code and a message', run: () => errorsAreErrors(make, records) },
    { name: 'throws nothing for an odd record', run: () => survives(make, records) },
    { name: 'leaves records as they are', run: () => leavesRecords(make, records) },
    {
      name: 'finds the same every time',
      run: async () => promiseSame(await verdicts(make(), records), await verdicts(make(), records), 'validated twice'),
    },
    { name: 'finds the same wherever batches end', run: () => batchesMakeNoDifference(make, records) },
  ]
}

function verdicts(validator: Validator, records: readonly SourceRecord[]): Promise<Found[]> {
  return verdictsOn(validator, structuredClone(records))
}

async function verdictsOn(validator: Validator, records: readonly SourceRecord[]): Promise<Found[]> {
  const found: Found[] = []
  const batch: RecordBatch = new ObjectBatch(records, { firstOrder: 0, next: records.length })
  await validator.validate(batch, {
    reject: (index, error) => void found.push({ index, kind: 'reject', error }),
    warn: (index, error) => void found.push({ index, kind: 'warn', error }),
  })
  return found
}

async function indexesInBatch(make: ValidatorKit['make'], records: readonly SourceRecord[]): Promise<void> {
  const { length } = records
  for (const { index } of await verdicts(make(), records)) {
    promise(Number.isInteger(index) && index >= 0 && index < length, `reported on record ${index} of a batch of ${length}`)
  }
}

async function errorsAreErrors(make: ValidatorKit['make'], records: readonly SourceRecord[]): Promise<void> {
  const isText = (value: unknown) => typeof value === 'string' && value !== ''
  for (const { error } of await verdicts(make(), records)) {
    const { code, message } = (error ?? {}) as Partial<RecordError>
    promise(isText(code) && isText(message), `reported ${shown(error)} without a code or a message`)
  }
}

/** Extreme records of a source: no field at all, or null in each. */
async function survives(make: ValidatorKit['make'], records: readonly SourceRecord[]): Promise<void> {
  const odd = [{}, Object.fromEntries(Object.keys(records[0] ?? {}).map((field) => [field, null]))]
  try {
    await verdicts(make(), odd)
  } catch (error) {
    promise(false, `threw ${String(error)} for ${shown(odd)}; a bad record is reported, never thrown`)
  }
}

async function leavesRecords(make: ValidatorKit['make'], records: readonly SourceRecord[]): Promise<void> {
  const given = structuredClone(records)
  await verdictsOn(make(), given)
  promiseSame(given, records, 'records before and after')
}

async function batchesMakeNoDifference(make: ValidatorKit['make'], records: readonly SourceRecord[]): Promise<void> {
  const validator = make()
  const alone: Found[] = []
  for (const [index, record] of records.entries()) alone.push(...(await verdicts(validator, [record])).map((found) => ({ ...found, index })))
  const together = (await verdicts(make(), records)).toSorted((one, other) => one.index - other.index)
  promiseSame(together, alone, 'records in one batch, and each in a batch of its own')
}
