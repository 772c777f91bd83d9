import { describe, expect, it } from 'vitest'
import type { Schema } from '../../crds/fields.ts'
import { differencesOf } from './differences.ts'

function schemaOf(...names: string[]): Schema {
  return { fields: names.map((name) => ({ name, type: 'text' })) }
}

const same = { added: [], missing: [], moved: [], repeated: [] }

describe('the differences of a source’s fields', () => {
  const cases: { what: string; declared: string[]; fields: string[]; found: object }[] = [
    { what: 'none', declared: ['a', 'b'], fields: ['a', 'b'], found: same },
    { what: 'added fields, in source order', declared: ['b'], fields: ['z', 'b', 'a'], found: { ...same, added: ['z', 'a'] } },
    { what: 'a missing field', declared: ['a', 'b'], fields: ['a'], found: { ...same, missing: ['b'] } },
    { what: 'a repeated field, once for each time too many', declared: ['a'], fields: ['a', 'a', 'a'], found: { ...same, repeated: ['a', 'a'] } },
    { what: 'the one field that has moved to the end', declared: ['a', 'b', 'c', 'd'], fields: ['b', 'c', 'd', 'a'], found: { ...same, moved: ['a'] } },
    { what: 'two that have swapped places as one that has moved', declared: ['a', 'b', 'c'], fields: ['b', 'a', 'c'], found: { ...same, moved: ['a'] } },
    { what: 'all but one of a reversed order', declared: ['a', 'b', 'c'], fields: ['c', 'b', 'a'], found: { ...same, moved: ['a', 'b'] } },
    {
      what: 'no move of a field that only has another one before it',
      declared: ['a', 'b'],
      fields: ['x', 'a', 'y', 'b'],
      found: { ...same, added: ['x', 'y'] },
    },
    { what: 'everything, if the input is another', declared: ['a', 'b'], fields: ['x', 'y'], found: { ...same, added: ['x', 'y'], missing: ['a', 'b'] } },
    { what: 'all that is declared, if there is no field', declared: ['a'], fields: [], found: { ...same, missing: ['a'] } },
  ]

  it.each(cases)('are $what', ({ declared, fields, found }) => {
    const { added, missing, moved, repeated } = differencesOf(schemaOf(...declared), fields)
    expect({ added, missing: missing.map(({ field }) => field.name), moved: moved.map(({ name }) => name), repeated }).toEqual(found)
  })

  it('name the added field that is probably a missing one', () => {
    const { missing } = differencesOf(schemaOf('order_id', 'amount'), ['Order-ID', 'amount'])
    expect(missing).toEqual([{ field: { name: 'order_id', type: 'text' }, near: 'Order-ID' }])
  })

  it('are found by the name in the source', () => {
    const schema: Schema = { fields: [{ name: 'id', from: 'No.', type: 'integer' }] }
    expect(differencesOf(schema, ['No.'])).toEqual(same)
    expect(differencesOf(schema, ['id'])).toMatchObject({ added: ['id'], missing: [{ field: { name: 'id' } }] })
  })

  it('are found among a thousand fields in reverse', () => {
    const names = Array.from({ length: 1000 }, (_, index) => `f${index}`)
    expect(differencesOf(schemaOf(...names), names.toReversed()).moved).toHaveLength(999)
  })
})
