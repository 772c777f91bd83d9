import { describe, expect, it } from 'vitest'
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn } from '../../copy/encoded-rows.ts'
import { column, judge, numericColumn } from '../testing/cells.ts'

const columns: { field: Omit<Field, 'name'>; to: DestinationColumn; loaded: string[]; refused: Record<string, string[]> }[] = [
  { field: { type: 'integer' }, to: column('f', 'int2'), loaded: ['32767', '-32768'], refused: { 'range.column': ['32768', '-32769'] } },
  { field: { type: 'integer' }, to: column('f', 'int8'), loaded: ['9223372036854775807'], refused: { 'range.column': ['9223372036854775808'] } },
  { field: { type: 'integer' }, to: column('f', 'float8'), loaded: ['9007199254740992'], refused: { 'range.column': ['9007199254740993'] } },
  {
    field: { type: 'decimal' },
    to: numericColumn('f', 4, 2),
    loaded: ['99.99', '1.500'],
    refused: { 'range.column': ['100'], 'type.decimal.precision': ['0.001'] },
  },
  { field: { type: 'decimal' }, to: column('f', 'int4'), loaded: ['5.00'], refused: { 'type.decimal.precision': ['5.5'], 'range.column': ['2147483648'] } },
  { field: { type: 'float' }, to: column('f', 'float4'), loaded: ['3.4e38'], refused: { 'range.column': ['3.5e38', '1e-60'] } },
  { field: { type: 'text' }, to: column('f', 'varchar', 7, 'character varying(3)'), loaded: ['ü\u{1f600}x'], refused: { 'length.max': ['abcd', 'abc '] } },
  {
    field: { type: 'timestamp' },
    to: column('f', 'timestamptz', 0),
    loaded: ['2024-01-01T00:00:00Z'],
    refused: { 'range.column': ['2024-01-01T00:00:00.5Z'] },
  },
]

describe('columns', () => {
  it.each(columns)('of $to.type accept of $field.type the values that they can hold', async ({ field, to, loaded, refused }) => {
    expect(await judge(field, loaded, [to])).toEqual(loaded.map(() => 'loaded'))
    for (const [code, values] of Object.entries(refused)) expect(await judge(field, values, [to])).toEqual(values.map(() => code))
  })

  it('of another type are an error in the pipeline', async () => {
    await expect(judge({ type: 'boolean' }, ['true'], [column('f', 'date')])).rejects.toMatchObject({ code: 'ColumnMismatch' })
  })
})
