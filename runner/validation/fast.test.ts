import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Field, Schema } from '../../crds/fields.ts'
import type { RecordBatch } from '../../sdk/index.ts'
import { type DestinationColumn, EncodedRows } from '../copy/encoded-rows.ts'
import type { CellRules } from '../records/byte-batch.ts'
import { byteBatch, column, csvRules, numericColumn, program, slowly, type TestCell } from './testing/cells.ts'
import { compileTextCheck } from './text-check.ts'
import { isCommonEmail } from './types/email.ts'
import { copyUtf8 } from './types/utf8.ts'

type Shape = { field: Field; column: DestinationColumn; cells: fc.Arbitrary<string> }

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

const shapes: Record<string, Shape> = {
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

const rules = fc
  .record({ nullTokens: fc.constantFrom(csvRules.nullTokens, [], [Buffer.from('NA'), Buffer.from('0')]), quotedEmptyIsNull: fc.boolean(), trim: fc.boolean() })
  .map((some): CellRules => ({ ...csvRules, ...some }))

/** Cells unchanged, cut, doubled or with one byte changed; never with a character that needs framing. */
function cellsOf(texts: fc.Arbitrary<string>): fc.Arbitrary<TestCell> {
  const content = fc
    .tuple(texts, fc.constantFrom('as it is', 'as it is', 'changed', 'cut', 'padded', 'empty'), fc.nat(), fc.integer({ min: 1, max: 127 }))
    .map(([text, how, at, byte]) => {
      const bytes = Buffer.from(text)
      if (how === 'empty') return Buffer.alloc(0)
      if (how === 'padded') return Buffer.from(at % 2 === 0 ? ` ${text}` : `${text}\t`)
      if (bytes.length === 0 || how === 'as it is') return bytes
      if (how === 'cut') return bytes.subarray(0, at % bytes.length)
      bytes[at % bytes.length] = byte
      return bytes
    })
  const sound = content.filter((bytes) => Buffer.from(bytes.toString()).equals(bytes) && !/[";\n]/.test(bytes.toString()))
  return fc.record({ content: sound, quoted: fc.boolean() })
}

async function encode(schema: Schema, columns: DestinationColumn[], batch: RecordBatch) {
  const rows = new EncodedRows()
  const outcomes = await program(schema, columns).process(batch, 3, { rows })
  const found = Array.from({ length: rows.size }, (_, index) => {
    const start = index === 0 ? 0 : (rows.ends[index - 1] as number)
    return { order: rows.orders[index] as number, key: rows.sortKeys[index], hex: rows.bytes.subarray(start, rows.ends[index]).toString('hex') }
  })
  found.sort((one, other) => one.order - other.order)
  return { found, rejected: outcomes.rejected, warnings: outcomes.warnings, accepted: outcomes.accepted }
}

describe('the fast path', () => {
  for (const [name, { field, column: to, cells }] of Object.entries(shapes)) {
    it(`accepts of ${name} what the slow path accepts, and writes the same bytes`, async () => {
      const columns = [to, column('_run', 'int8'), column('_pos', 'int8')]
      const records = fc.array(
        cellsOf(cells).map((cell) => [cell]),
        { minLength: 1, maxLength: 20 },
      )
      await fc.assert(
        fc.asyncProperty(records, rules, async (made, cellRules) => {
          const batch = byteBatch(['f'], made, cellRules)
          expect(await encode({ fields: [field] }, columns, batch)).toEqual(await encode({ fields: [field] }, columns, slowly(batch)))
        }),
        { numRuns: 100 },
      )
    })
  }

  it('does the same for whole records with a key, rules and fields that the source lacks', async () => {
    const good: Record<string, fc.Arbitrary<string>> = {
      int4: fc.integer({ min: -5, max: 99 }).map(String),
      numeric: fc.integer({ min: -9999, max: 99999 }).map((cents) => (cents / 100).toFixed(2)),
      float8: fc.integer({ min: -9, max: 999 }).map(String),
      date: fc.constantFrom('2024-02-29', '1999-12-31'),
      timestamptz: fc.constantFrom('2024-02-29T12:00:00Z', '2024-02-29 12:00:00.123456+02:00'),
      uuid: fc.uuid(),
      text: fc.constantFrom('x', 'ü', 'NA', ''),
      email: fc.constantFrom('a@b.co', "o'x@b.co"),
      enum: fc.constantFrom('new', 'ü', ''),
    }
    const named = Object.entries(good).map(([name, cells]) => {
      const shape = shapes[name] as Shape
      const mostly = fc.oneof(
        { weight: 30, arbitrary: cells.map((text) => ({ content: Buffer.from(text), quoted: false })) },
        { weight: 1, arbitrary: cellsOf(shape.cells) },
      )
      return { cells: mostly, field: { ...shape.field, name }, column: { ...shape.column, name } }
    })
    const schema: Schema = {
      primaryKey: ['uuid'],
      fields: [...named.map(({ field }) => field), { name: 'late', type: 'text', nullable: true }],
      rules: [
        { name: 'positive', expression: 'record.int4 >= 0 || record.numeric > 0.0' },
        { name: 'odd', expression: 'record.int4 % 2 == 1', outcome: 'warn' },
      ],
    }
    const columns = [...named.map((shape) => shape.column), column('late', 'text'), column('_extra', 'jsonb'), column('_pos', 'int8')]
    const fields = named.map(({ field }) => field.name)
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(...named.map(({ cells }) => cells)), { minLength: 1, maxLength: 20 }), async (made) => {
        const batch = byteBatch(fields, made)
        const fast = await encode(schema, columns, batch)
        expect(fast).toEqual(await encode(schema, columns, slowly(batch)))
        accepted += fast.accepted
      }),
      { numRuns: 100 },
    )
    expect(accepted).toBeGreaterThan(100)
  })
})

describe('text', () => {
  it('is fast only if it is well-formed UTF-8 without U+0000', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 8 }),
          fc
            .array(fc.constantFrom(0x41, 0x80, 0xbf, 0xc1, 0xc2, 0xe0, 0xa0, 0xed, 0x9f, 0xf0, 0x90, 0xf4, 0x8f, 0xff, 0), { maxLength: 6 })
            .map((list) => Uint8Array.from(list)),
        ),
        (bytes) => {
          const out = Buffer.alloc(16)
          const characters = copyUtf8(bytes, 0, bytes.length, out, 4)
          if (characters < 0) return !isUtf8(bytes) || bytes.includes(0) || bytes[0] === 0xef
          return (
            isUtf8(bytes) && !bytes.includes(0) && [...Buffer.from(bytes).toString()].length === characters && out.subarray(4, 4 + bytes.length).equals(bytes)
          )
        },
      ),
      { numRuns: 5000 },
    )
  })

  it('that the fast check takes for an e-mail address is one', () => {
    const check = compileTextCheck({ name: 'f', type: 'text', format: 'email' })
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.stringMatching(/^[a-z0-9._+%@-]{0,12}@[a-zA-Z0-9.-]{0,12}$/)), (text) => {
        const bytes = Buffer.from(text)
        return !isCommonEmail(bytes, 0, bytes.length) || check?.(text).length === 0
      }),
      { numRuns: 5000 },
    )
  })

  it('in an encoding other than UTF-8 is left to the slow path unless it is ASCII', async () => {
    const batch = byteBatch(['f'], [[{ content: Buffer.from('plain'), quoted: false }], [{ content: Buffer.from('gr\u00fcn'), quoted: false }]], {
      ...csvRules,
      utf8: false,
    })
    const read: number[] = []
    const record = batch.record.bind(batch)
    batch.record = (index) => {
      read.push(index)
      return record(index)
    }
    await encode({ fields: [{ name: 'f', type: 'text' }] }, [column('f', 'text')], batch)
    expect(read).toEqual([1])
  })
})
