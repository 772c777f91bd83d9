// Fields of every type with values that they may be given, and what a program makes of a batch, for tests that compare the two paths.
import fc from 'fast-check'
import type { Field, Schema } from '../../../crds/fields.ts'
import type { RecordBatch } from '../../../sdk/index.ts'
import { type DestinationColumn, EncodedRows } from '../../copy/encoded-rows.ts'
import { column, numericColumn, program } from './cells.ts'

/** `cells`: values in the notation of delimited text. */
export type Shape = { field: Field; column: DestinationColumn; cells: fc.Arbitrary<string> }

const digits = (most: number) => fc.stringMatching(new RegExp(`^[0-9]{0,${most}}$`))
const two = fc.integer({ min: 0, max: 61 }).map((value) => String(value).padStart(2, '0'))
const year = fc.oneof(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 1900, max: 2100 })).map((value) => String(value).padStart(4, '0'))
const date = fc.tuple(year, two, two).map((parts) => parts.join('-'))
const zone = fc.constantFrom('', 'Z', 'z', '+00', '-05:30', '+0200', '+16:00', ' +01:00', '+01:75')
const moment = fc.tuple(
  date,
  fc.constantFrom('T', ' ', 't', '_'),
  two,
  two,
  two,
  fc.oneof(
    fc.constant(''),
    digits(8).map((text) => `.${text}`),
  ),
  zone,
)
const numbers = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('', '-', '+'),
      digits(19),
      fc.oneof(
        fc.constant(''),
        digits(14).map((text) => `.${text}`),
      ),
      fc.constantFrom('', '', '', 'e3', 'E-2', ' '),
    )
    .map((parts) => parts.join('')),
  fc.double({ noNaN: true }).map(String),
  fc.constantFrom(
    '0',
    '-0',
    '0.00',
    '-0.00',
    '2147483647',
    '2147483648',
    '-2147483648',
    '-2147483649',
    '32768',
    '9223372036854775807',
    '9223372036854775808',
    '1.234,50',
    '1.234',
    '12,5',
    '1e1000',
    '999999999999999',
  ),
)
const words = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ maxLength: 12 }),
  fc.emailAddress(),
  fc.constantFrom('a@b.co', 'a.b@c-d.com', '.a@b.co', 'a@b', 'a@-b.co', 'a@b..co', 'DE', 'de', 'new', 'old', 'NA', ' NA ', '\u{1f600}', '\ufeffx', 'ü'),
)
const hex = fc.oneof(
  fc.uuid(),
  fc.uuid().map((text) => text.toUpperCase()),
  fc.uuid().map((text) => text.replace('-', '_')),
)

export const shapes: Record<string, Shape> = {
  int2: { field: { name: 'f', type: 'integer' }, column: column('f', 'int2'), cells: numbers },
  int4: { field: { name: 'f', type: 'integer', min: -5, max: 2000000000 }, column: column('f', 'int4'), cells: numbers },
  int8: { field: { name: 'f', type: 'integer', nullable: true, decimalComma: true }, column: column('f', 'int8'), cells: numbers },
  'integer in numeric': { field: { name: 'f', type: 'integer' }, column: column('f', 'numeric'), cells: numbers },
  'integer in text': { field: { name: 'f', type: 'integer' }, column: column('f', 'text'), cells: numbers },
  numeric: { field: { name: 'f', type: 'decimal', min: '-99.5', max: 1e12 }, column: column('f', 'numeric'), cells: numbers },
  'numeric(12,2)': { field: { name: 'f', type: 'decimal', precision: 14, scale: 4 }, column: numericColumn('f', 12, 2), cells: numbers },
  'numeric(3,5)': { field: { name: 'f', type: 'decimal' }, column: numericColumn('f', 3, 5), cells: numbers },
  'numeric(5,-2)': { field: { name: 'f', type: 'decimal' }, column: numericColumn('f', 5, -2), cells: numbers },
  'decimal comma': { field: { name: 'f', type: 'decimal', decimalComma: true }, column: column('f', 'numeric'), cells: numbers },
  'decimal in float8': { field: { name: 'f', type: 'decimal' }, column: column('f', 'float8'), cells: numbers },
  'decimal in int4': { field: { name: 'f', type: 'decimal' }, column: column('f', 'int4'), cells: numbers },
  float8: { field: { name: 'f', type: 'float', max: '1000.25' }, column: column('f', 'float8'), cells: numbers },
  float4: { field: { name: 'f', type: 'float' }, column: column('f', 'float4'), cells: numbers },
  'float in numeric': { field: { name: 'f', type: 'float' }, column: column('f', 'numeric'), cells: numbers },
  boolean: {
    field: { name: 'f', type: 'boolean' },
    column: column('f', 'bool'),
    cells: fc.constantFrom('1', '0', 't', 'F', 'TRUE', 'Yes', 'no', 'oN', 'x', '2', 'truth'),
  },
  date: { field: { name: 'f', type: 'date', min: '1900-02-28' }, column: column('f', 'date'), cells: date },
  'date with a pattern': {
    field: { name: 'f', type: 'date', patterns: ['dd.MM.yyyy', 'yyyy-MM-dd'] },
    column: column('f', 'date'),
    cells: fc.oneof(
      date,
      fc.tuple(two, two, year).map((parts) => parts.join('.')),
    ),
  },
  'date in timestamp': { field: { name: 'f', type: 'date' }, column: column('f', 'timestamp'), cells: date },
  time: { field: { name: 'f', type: 'time' }, column: column('f', 'time'), cells: fc.tuple(two, two, two).map((parts) => parts.join(':')) },
  timestamptz: {
    field: { name: 'f', type: 'timestamp' },
    column: column('f', 'timestamptz'),
    cells: moment.map((parts) => `${parts[0]}${parts[1]}${parts.slice(2, 5).join(':')}${parts[5]}${parts[6]}`),
  },
  'timestamp(3)': {
    field: { name: 'f', type: 'timestamp', zone: 'Europe/Berlin' },
    column: column('f', 'timestamp', 3),
    cells: moment.map((parts) => `${parts[0]}${parts[1]}${parts.slice(2, 5).join(':')}${parts[5]}${parts[6]}`),
  },
  uuid: { field: { name: 'f', type: 'uuid' }, column: column('f', 'uuid'), cells: hex },
  json: {
    field: { name: 'f', type: 'json' },
    column: column('f', 'jsonb'),
    cells: fc.oneof(fc.json(), fc.constantFrom('"\\u0000"', '"\\ud800"', '{', '1e99999', '"\\ud83d\\ude00"')),
  },
  text: { field: { name: 'f', type: 'text', nullable: true, nullTokens: ['NA', '-'], minLength: 1 }, column: column('f', 'text'), cells: words },
  'trimmed text': {
    field: { name: 'f', type: 'text', trim: true, nullable: true, nullTokens: ['NA'] },
    column: column('f', 'text'),
    cells: fc.tuple(fc.constantFrom('', ' ', '\t'), words, fc.constantFrom('', ' ')).map((parts) => parts.join('')),
  },
  'varchar(5)': { field: { name: 'f', type: 'text', maxLength: 6 }, column: column('f', 'varchar', 9, 'character varying(5)'), cells: words },
  email: { field: { name: 'f', type: 'text', format: 'email', sensitive: true }, column: column('f', 'text'), cells: words },
  pattern: { field: { name: 'f', type: 'text', pattern: '^[A-Z]{2}$' }, column: column('f', 'text'), cells: words },
  'pattern for RE2': { field: { name: 'f', type: 'text', pattern: '^(\\pL|[0-9]+)*\\s?$' }, column: column('f', 'text'), cells: words },
  enum: { field: { name: 'f', type: 'enum', values: ['new', 'old', 'ü'], nullable: true }, column: column('f', 'text'), cells: words },
}

/** The rows, in order, and what was rejected. */
export async function encode(schema: Schema, columns: DestinationColumn[], batch: RecordBatch) {
  const rows = new EncodedRows()
  const outcomes = await program(schema, columns).process(batch, 3, { rows })
  const found = Array.from({ length: rows.size }, (_, index) => {
    const start = index === 0 ? 0 : (rows.ends[index - 1] as number)
    return { order: rows.orders[index] as number, key: rows.sortKeys[index], hex: rows.bytes.subarray(start, rows.ends[index]).toString('hex') }
  })
  found.sort((one, other) => one.order - other.order)
  return { found, rejected: outcomes.rejected, warnings: outcomes.warnings, accepted: outcomes.accepted }
}
