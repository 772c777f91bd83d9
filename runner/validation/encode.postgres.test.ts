import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import { expect, it } from 'vitest'
import type { Field } from '../../crds/fields.ts'
import { freshDatabase } from '../../test/support/database.ts'
import { type DestinationColumn, EncodedRows } from '../copy/encoded-rows.ts'
import { byteBatch, column, program, slowly } from './testing/cells.ts'

const { client } = await freshDatabase()

const numbers = ['0', '-0', '1', '-1', '32767', '-32768', '007', '+5']
const decimals = [
  ...numbers,
  '0.00',
  '-0.10',
  '1.5',
  '12345678.9',
  '0.00001',
  '99999999.9999',
  '10000',
  '100000000.0001',
  '1e3',
  '1.5e-3',
  '123456789012345',
  '.5',
  '5.',
]
const long = ['123456789012345678901234567890.12345678901234567890', '0.000000000000000000000000000001', '1e50', '-1e-50']
const moments = [
  '2024-02-29T23:59:59.999999Z',
  '0001-01-01 00:00:00Z',
  '9999-12-31 23:59:59+00',
  '1969-12-31 23:59:59.5-05:30',
  '2000-01-01 00:00:00+01',
  '1700-03-01 12:00:00.000001Z',
  '2024-07-01 10:00Z',
]

/** A loaded value must equal what PostgreSQL reads from the text. */
const table: { field: Omit<Field, 'name'>; type: string; values: string[] }[] = [
  { field: { type: 'integer' }, type: 'smallint', values: numbers },
  { field: { type: 'integer' }, type: 'integer', values: [...numbers, '2147483647', '-2147483648'] },
  {
    field: { type: 'integer' },
    type: 'bigint',
    values: [...numbers, '9223372036854775807', '-9223372036854775808', '999999999999999', '4294967296', '-4294967297'],
  },
  { field: { type: 'integer' }, type: 'numeric', values: [...numbers, '123456789012345678901234567890'] },
  { field: { type: 'integer' }, type: 'double precision', values: numbers.filter((value) => value !== '-0') },
  { field: { type: 'decimal' }, type: 'numeric', values: [...decimals, ...long] },
  { field: { type: 'decimal' }, type: 'numeric(22,6)', values: decimals },
  { field: { type: 'decimal' }, type: 'numeric(4,6)', values: ['0.001234', '0.009', '0'] },
  { field: { type: 'decimal' }, type: 'numeric(6,-3)', values: ['1000', '-123000', '0'] },
  { field: { type: 'decimal' }, type: 'double precision', values: [...decimals.filter((value) => value !== '-0'), ...long] },
  { field: { type: 'decimal' }, type: 'bigint', values: ['1', '-1', '12345678901234567'] },
  { field: { type: 'float' }, type: 'double precision', values: [...decimals, ...long, '1.7976931348623157e308', '5e-324', '0.1', '123456789.123456789'] },
  { field: { type: 'float' }, type: 'real', values: ['0', '0.1', '1.5', '-3.4028235e38', '16777217'] },
  { field: { type: 'float' }, type: 'numeric', values: ['0.1', '1.5', '1e21', '1e-7'] },
  { field: { type: 'boolean' }, type: 'boolean', values: ['true', 'F', 'yes', 'No', 'on', 'OFF', '1', '0', 't'] },
  { field: { type: 'date' }, type: 'date', values: ['2000-01-01', '1999-12-31', '2024-02-29', '0001-01-01', '9999-12-31', '1900-02-28'] },
  { field: { type: 'date' }, type: 'timestamp', values: ['2000-01-01', '0001-01-01', '9999-12-31'] },
  { field: { type: 'time' }, type: 'time', values: ['00:00', '23:59:59.999999', '12:30:01.5'] },
  { field: { type: 'timestamp' }, type: 'timestamptz', values: moments },
  { field: { type: 'timestamp' }, type: 'timestamptz(3)', values: ['2024-02-29T23:59:59.999Z', '2024-02-29T23:59:59.100000Z'] },
  { field: { type: 'timestamp', zone: 'UTC' }, type: 'timestamp', values: ['2024-02-29T23:59:59.999999', '0001-01-01 00:00:00'] },
  { field: { type: 'uuid' }, type: 'uuid', values: ['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '00000000-0000-0000-0000-000000000000'] },
  {
    field: { type: 'json' },
    type: 'jsonb',
    values: ['{"a": [1, 2.50, "\\ud83d\\ude00"], "a": null}', '"x"', '1e1000', `${'['.repeat(500)}${']'.repeat(500)}`],
  },
  { field: { type: 'json' }, type: 'json', values: ['{"b":1,  "a":2}'] },
  { field: { type: 'text' }, type: 'text', values: ['x', ' x ', '007', 'ü€\u{1f600}', '\u0001\u007f'] },
  { field: { type: 'text' }, type: 'varchar(3)', values: ['abc', 'ü€\u{1f600}'] },
  { field: { type: 'text' }, type: 'char(4)', values: ['abc', 'ü'] },
  { field: { type: 'enum', values: ['new', 'old'] }, type: 'text', values: ['new', 'old'] },
]

/** The column as the loader describes it. */
async function columnOf(type: string): Promise<DestinationColumn> {
  await client.query(`DROP TABLE IF EXISTS target; CREATE TABLE target (f ${type})`)
  const { rows } = await client.query(
    `SELECT t.typname AS type, format_type(a.atttypid, a.atttypmod) AS formatted, a.atttypmod AS modifier
     FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = 'target'::regclass AND a.attname = 'f'`,
  )
  return { name: 'f', notNull: false, equalsByBytes: true, labels: null, ...rows[0] }
}

const header = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex')

/** Loads the values, and returns the rows as text. */
async function loaded(
  field: Omit<Field, 'name'>,
  column: DestinationColumn,
  values: string[],
  path: 'fast' | 'slow',
): Promise<{ text: unknown[]; rejected: unknown[] }> {
  const batch = byteBatch(
    ['f'],
    values.map((value) => [{ content: Buffer.from(value), quoted: false }]),
  )
  const rows = new EncodedRows()
  const { rejected } = await program({ fields: [{ name: 'f', ...field }] }, [column]).process(path === 'fast' ? batch : slowly(batch), 0, { rows })
  const copy = Buffer.concat([header, rows.bytes.subarray(0, rows.length), Buffer.from('ffff', 'hex')])
  await pipeline(Readable.from([copy]), client.query(copyFrom('COPY target FROM STDIN (FORMAT binary)')))
  const result = await client.query('SELECT f::text AS f FROM target ORDER BY ctid')
  return { text: result.rows.map((row) => row.f), rejected }
}

it('rejects keys that no index can hold, and loads those that it can', async () => {
  await client.query('CREATE TABLE keyed (f text, g text, PRIMARY KEY (f, g))')
  const random = (size: number) => Buffer.from(randomBytes(size).toString('base64').slice(0, size))
  const records = [1300, 1301].map((size) => [random(size), random(1300)].map((content) => ({ content, quoted: false })))
  const rows = new EncodedRows()
  const compiled = program(
    {
      primaryKey: ['f', 'g'],
      fields: [
        { name: 'f', type: 'text' },
        { name: 'g', type: 'text' },
      ],
    },
    [column('f', 'text'), column('g', 'text')],
  )
  const { rejected } = await compiled.process(byteBatch(['f', 'g'], records), 0, { rows })
  expect(rejected.map(({ errors }) => errors.map(({ code }) => code))).toEqual([['range.column']])
  const copy = Buffer.concat([header, rows.bytes.subarray(0, rows.length), Buffer.from('ffff', 'hex')])
  await pipeline(Readable.from([copy]), client.query(copyFrom('COPY keyed FROM STDIN (FORMAT binary)')))
})

for (const { field, type, values } of table) {
  it(`loads ${field.type} into ${type} as PostgreSQL reads it itself`, async () => {
    const cast = type.startsWith('char') ? `value::${type}::bpchar::text` : `value::${type}::text`
    const expected = await client.query(`SELECT ${cast} AS f FROM unnest($1::text[]) WITH ORDINALITY AS given(value, number) ORDER BY number`, [values])
    for (const path of ['fast', 'slow'] as const) {
      const column = await columnOf(type)
      expect(await loaded(field, column, values, path), path).toEqual({ text: expected.rows.map((row) => row.f), rejected: [] })
    }
  })
}
