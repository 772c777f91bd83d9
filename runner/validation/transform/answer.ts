// Reads what a plugin's transformer returned, without trusting it. An invalid result fails the run with TransformFailed.
import { type FieldTransformer, HeadgateError, type RecordError, Rejection, type TypedRecord } from '../../../sdk/index.ts'
import { markQuoting } from '../../../sdk/quoting.ts'
import { messageOf } from '../../../sdk/thrown.ts'
import { keptError } from '../verdicts.ts'

/** Most records that one record may become. The result for a hostile record has to fit into memory with the rest of its batch. */
export const mostRecords = 100_000

const mostErrors = 100

/** The records that one record became, or why it is rejected. */
export type Answer = readonly TypedRecord[] | RejectedByTransform

export class RejectedByTransform {
  readonly errors: RecordError[]

  constructor(errors: RecordError[]) {
    this.errors = errors
  }
}

/** Reads the result for one record. Throws TransformFailed, or what a property of the result throws. */
export function readAnswer(name: string, returned: unknown): Answer {
  if (returned === undefined) return []
  if (returned instanceof Rejection) return new RejectedByTransform(errorsOf(name, returned))
  if (!Array.isArray(returned)) return [recordOf(name, returned)]
  if (returned.length > mostRecords) {
    return new RejectedByTransform([
      { code: 'length.records', message: `would become ${returned.length} records; one record may become ${mostRecords} at most`, transform: name },
    ])
  }
  // Array.from also visits the holes.
  return Array.from(returned, (record: unknown) => recordOf(name, record))
}

function recordOf(name: string, record: unknown): TypedRecord {
  if (typeof record !== 'object' || record === null || Array.isArray(record) || record instanceof Rejection || isPromise(record)) {
    throw failed(name, `returned ${described(record)} for a record; return a record, a Rejection, undefined to leave it out, or a list of records`)
  }
  return record as TypedRecord
}

function errorsOf(name: string, { errors }: Rejection): RecordError[] {
  const kept = Array.isArray(errors) ? errors.slice(0, mostErrors).map((error: RecordError) => keptError(error)) : []
  if (kept.length > 0 && !kept.includes(undefined)) return kept.map((error) => ({ ...(error as RecordError), transform: name }))
  throw failed(name, 'rejected a record without an error that has a code and a message, which are texts; give it both')
}

/** The result of one `change`. Throws TransformFailed, or what `change` throws. */
export function changedValue(name: string, transformer: FieldTransformer, value: unknown, field: string): unknown {
  let result: unknown
  try {
    result = transformer.change(value, field)
  } catch (error) {
    throw markQuoting(error)
  }
  if (result === undefined) throw failed(name, `returned nothing for field ${field}; return its value, or null for none`)
  return typeof result === 'object' && result !== null ? reading(name, () => changedObject(name, result, field)) : result
}

function changedObject(name: string, result: object, field: string): unknown {
  if (result instanceof Rejection) return new RejectedByTransform(errorsOf(name, result))
  if (isPromise(result)) throw failed(name, `returned a promise for field ${field}; change must return a value at once`)
  return result
}

/** Reads a returned value. What its properties throw becomes TransformFailed. */
export function reading<Result>(name: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (ours.has(error as object)) throw error
    throw failed(name, `returned something that cannot be read: ${messageOf(error)}`, error)
  }
}

const ours = new WeakSet<object>()

/** A failure that may quote a value. */
export function failed(name: string, problem: string, cause?: unknown): HeadgateError {
  const failure = new HeadgateError('TransformFailed', `transform ${name} ${problem}`, { cause })
  ours.add(failure)
  return markQuoting(failure)
}

function isPromise(value: object): boolean {
  return typeof (value as { then?: unknown }).then === 'function'
}

function described(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value !== 'object') return `a value of type ${typeof value}`
  if (Array.isArray(value)) return 'a list within a list'
  return value instanceof Rejection ? 'a Rejection within a list' : 'a promise'
}
