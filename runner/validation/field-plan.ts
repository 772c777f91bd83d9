// FieldPlan: one declared field, compiled: how its source value is read, checked and written. This code defines which values are valid.
import { type Field, type Schema, sourceName } from '../../crds/fields.ts'
import { HeadgateError, type RecordError } from '../../sdk/index.ts'
import type { DestinationColumn } from '../copy/encoded-rows.ts'
import { type Check, compileCheck } from './checks.ts'
import { excerpt, Problem } from './problem.ts'
import type { Encoder, Parse } from './types/field-type.ts'
import { fieldTypes } from './types/index.ts'
import { wordOf } from './types/number-text.ts'
import { parseText } from './types/text.ts'

export type FieldPlan = {
  field: Field
  name: string
  source: string
  parse: Parse
  check: Check | undefined
  nullTokens: ReadonlySet<string>
  trim: boolean
  /** Whether null may be loaded: declared so, not part of the key, and the column takes it. */
  nullable: boolean
  column: DestinationColumn | undefined
  encoder: Encoder | undefined
  /** Longest text in bytes that an index entry can hold; Infinity for a field outside the key. */
  mostBytes: number
}

/** Errors and warnings of one record so far. */
export type Findings = {
  errors: RecordError[]
  /** Missing parents; the record is parked until they arrive. */
  parked: RecordError[]
  warnings: RecordError[]
}

const mostErrors = 100

/** An index entry holds at most 2704 bytes, shared by the columns of the key. */
const mostKeyBytes = 2600

export function compileFields(schema: Schema, columns: readonly DestinationColumn[] | undefined): FieldPlan[] {
  const byName = new Map(columns?.map((column) => [column.name, column]))
  return schema.fields.map((field) => compileField(field, { column: byName.get(field.name), keyBytes: keyBytesOf(schema, field.name) }))
}

/** Most bytes of a key field's text; undefined for a field that is not in the key. */
export function keyBytesOf({ primaryKey = [] }: Pick<Schema, 'primaryKey'>, name: string): number | undefined {
  return primaryKey.includes(name) ? Math.floor(mostKeyBytes / primaryKey.length) : undefined
}

/** `column`: where values are written without a transform. `keyBytes`: set for a field of the key. */
export function compileField(field: Field, { column, keyBytes }: { column: DestinationColumn | undefined; keyBytes: number | undefined }): FieldPlan {
  const mostBytes = keyBytes ?? Infinity
  return {
    field,
    name: field.name,
    source: sourceName(field),
    parse: parser(field),
    check: compileCheck(field),
    nullTokens: new Set(field.nullTokens),
    trim: field.trim === true,
    nullable: field.nullable === true && keyBytes === undefined && column?.notNull !== true,
    column,
    encoder: column === undefined ? undefined : keyEncoder(columnEncoder(field, column), mostBytes),
    mostBytes,
  }
}

function parser(field: Field): Parse {
  try {
    return fieldTypes[field.type].parser(field)
  } catch (cause) {
    throw new HeadgateError('InvalidSchema', `field ${field.name}: ${(cause as Error).message}; correct its patterns or zone`, { cause })
  }
}

function columnEncoder(field: Field, column: DestinationColumn): Encoder {
  const encoder = fieldTypes[field.type].encoder(column)
  if (encoder !== undefined) return encoder
  throw new HeadgateError(
    'ColumnMismatch',
    `field ${field.name} is ${field.type} and cannot go into column ${column.name}, which is ${column.formatted}; change one of them`,
  )
}

function keyEncoder(encoder: Encoder, mostBytes: number): Encoder {
  if (mostBytes === Infinity) return encoder
  const tooLong = new Problem('range.column', `is longer than the ${mostBytes} bytes that the index of a primary key can hold`)
  return { fit: (value) => (Buffer.byteLength(String(value)) > mostBytes ? tooLong : encoder.fit(value)), write: encoder.write }
}

/** Returns the value to load for a source value. Appends errors and warnings to `findings`. */
export function readField(plan: FieldPlan, input: unknown, findings: Findings): unknown {
  const given = plan.trim && typeof input === 'string' ? trimmed(input) : input
  if (given === null || given === undefined || (plan.nullTokens.size > 0 && isToken(given, plan.nullTokens))) {
    if (!plan.nullable) add(findings.errors, recordError(plan, new Problem('null', 'has no value, and may not be null'), input))
    return null
  }
  const value = plan.parse(given)
  if (value instanceof Problem) return unloadable(plan, value, input, findings) ?? unlistedWord(plan, value, given)
  const misfit = plan.encoder?.fit(value)
  if (misfit !== undefined) return unloadable(plan, misfit, input, findings)
  return plan.check === undefined ? value : checked(plan, plan.check, value, input, findings)
}

function isToken(given: unknown, tokens: ReadonlySet<string>): boolean {
  const word = wordOf(given)
  return word !== undefined && tokens.has(word)
}

/** Not a regular expression: matching trailing blanks takes quadratic time on a long run of blanks within the text. */
function trimmed(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** A value that cannot be loaded. It becomes null where `outcome` asks for that and the field is nullable; otherwise the record is rejected. */
export function unloadable(plan: FieldPlan, problem: Problem, input: unknown, findings: Findings): null {
  const rejected = !plan.nullable || (plan.field.outcome ?? 'reject') === 'reject'
  add(rejected ? findings.errors : findings.warnings, recordError(plan, problem, input))
  return null
}

/** A word outside the enum still identifies the row if the field is in the key. The record is rejected. */
function unlistedWord(plan: FieldPlan, problem: Problem, given: unknown): unknown {
  if (problem.code !== 'enum' || plan.mostBytes === Infinity) return null
  const word = parseText(given)
  return word instanceof Problem || plan.encoder?.fit(word) !== undefined ? null : word
}

function checked(plan: FieldPlan, check: Check, value: unknown, input: unknown, findings: Findings): unknown {
  const problems: Problem[] = []
  check(value, problems)
  if (problems.length === 0) return value
  const outcome = plan.field.outcome ?? 'reject'
  const rejected = outcome === 'reject' || (outcome === 'nullify' && !plan.nullable)
  for (const problem of problems) add(rejected ? findings.errors : findings.warnings, recordError(plan, problem, input))
  return outcome === 'nullify' && plan.nullable ? null : value
}

export function recordError(plan: FieldPlan, problem: Problem, input: unknown): RecordError {
  const value = excerpt(input, plan.field.sensitive === true)
  const error = { field: plan.name, code: problem.code, message: `${plan.name} ${problem.message}` }
  return value === undefined ? error : { ...error, value }
}

/** Adds an error, up to 100 for a record. */
export function add(errors: RecordError[], error: RecordError): void {
  if (errors.length < mostErrors) errors.push(error)
}
