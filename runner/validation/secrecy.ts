// Secrecy: what messages about records may contain in a pipeline with sensitive fields. Headgate's own messages never quote a sensitive
// value. A message of a plugin might, so it is hidden unless it certainly does not.
import { type Schema, sourceName } from '../../crds/fields.ts'
import type { RecordError, SourceRecord } from '../../sdk/index.ts'

export const hiddenMessage = 'the message is hidden, because it may quote a sensitive field'

/** Replaces a code that quotes a value. */
const hiddenCode = 'hidden'
const plainCode = /^[A-Za-z][A-Za-z0-9_.-]{0,99}$/

export class Secrecy {
  /** Names of the declared fields, by whether they are sensitive. */
  readonly #declared: ReadonlyMap<string, boolean>
  readonly #sources: ReadonlySet<string>
  readonly #secretSources: readonly string[]

  constructor(schema: Schema) {
    this.#declared = new Map(schema.fields.map(({ name, sensitive }) => [name, sensitive === true]))
    this.#sources = new Set(schema.fields.map(sourceName))
    this.#secretSources = schema.fields.filter(({ sensitive }) => sensitive === true).map(sourceName)
  }

  /** An error of a plugin, in the form that may be stored. `source` is the record, if it could be read. */
  said(error: RecordError, source: SourceRecord | undefined): RecordError {
    const { field, code, message, value } = error
    const known = field !== undefined && this.#declared.has(field)
    const secrets = source === undefined ? undefined : this.#valuesOf(source)
    const quotes = (text: string | undefined) => text !== undefined && secrets?.some((secret) => text.includes(secret)) === true
    const open = known && this.#declared.get(field) === false && secrets !== undefined
    return {
      ...(known && { field }),
      code: secrets !== undefined && plainCode.test(code) && !quotes(code) ? code : hiddenCode,
      message: open && !quotes(message) ? message : hiddenMessage,
      ...(value !== undefined && { value: open && !quotes(value) ? value : '***' }),
    }
  }

  /** An error of a value that a transformer made: after a transform any field may hold a sensitive value, in any form. */
  transformed(error: RecordError): RecordError {
    return error.transform === undefined || error.value === undefined ? error : { ...error, value: '***' }
  }

  /** The error of a record that could not be framed. It names a field by its header, which in a file without a header line is a value. */
  framing(problem: RecordError): RecordError {
    return { ...problem, message: problem.message.replace(/(field [0-9]+) \((.*)\)/s, (whole, place, name) => (this.#sources.has(name) ? whole : place)) }
  }

  #valuesOf(source: SourceRecord): string[] {
    return this.#secretSources.flatMap((name) => textsIn(source[name]))
  }
}

/** Undefined if no field is sensitive. */
export function secrecyOf(schema: Schema): Secrecy | undefined {
  return hasSecrets(schema) ? new Secrecy(schema) : undefined
}

export function hasSecrets(schema: Schema): boolean {
  return schema.fields.some((field) => field.sensitive === true)
}

/** The texts by which a message may quote the value, trimmed and not empty. */
export function textsIn(value: unknown): string[] {
  if (value === null || value === undefined) return []
  if (value instanceof Date) return [String(value), String(value.toJSON()).slice(0, '2026-01-31'.length)]
  if (typeof value === 'object') return Object.values(value).flatMap(textsIn)
  const text = String(value).trim()
  return text === '' ? [] : [text]
}
