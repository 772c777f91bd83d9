// What transformers may return, and the outcome, on both paths of the column program, for correct and incorrect classes.
import { describe, expect, it } from 'vitest'
import type { Field } from '../../../crds/fields.ts'
import { type ChangedField, FieldTransformer, ObjectBatch, type RecordField, Rejection, Transformer, type TypedRecord } from '../../../sdk/index.ts'
import { EncodedRows } from '../../copy/encoded-rows.ts'
import { byteBatch, column, program, slowly } from '../testing/cells.ts'
import { planTransforms } from './plan.ts'

const fields: Field[] = [
  { name: 'id', type: 'integer' },
  { name: 'word', type: 'text', nullable: true, maxLength: 5 },
]
const schema = { primaryKey: ['id'], fields }
const columns = [column('id', 'int4'), column('word', 'text'), column('_pos', 'int8')]

class Returning extends Transformer<(records: readonly TypedRecord[]) => unknown> {
  override transform(records: readonly TypedRecord[]) {
    return this.config(records) as never
  }
}

/** A transformer that returns this for its only record. */
const answering = (answer: (record: TypedRecord) => unknown) => new Returning((records) => records.map(answer))

async function transformed(transformer: Transformer) {
  const records: { order: number; record: TypedRecord }[] = []
  const compiled = program(schema, undefined, { transformers: [transformer] })
  const outcomes = await compiled.process(new ObjectBatch([{ id: '1', word: 'one' }], { firstOrder: 0, next: 1 }), 0, { records })
  return { ...outcomes, records: records.map(({ record }) => record) }
}

describe('An invalid result fails the run', () => {
  const getter = {
    get id(): never {
      throw new Error('not today')
    },
  }
  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'one'],
    ['a number', 1],
    ['a promise', Promise.resolve({ id: 1n })],
    ['an Error', new Error('bad')],
    ['an empty object', {}],
    ['a field that is not declared', { id: 1n, wrod: 'one' }],
    ['a getter that throws', getter],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('no')
          },
          ownKeys: () => {
            throw new Error('no')
          },
        },
      ),
    ],
    ['a list with undefined', [{ id: 1n }, undefined]],
    ['a list with a hole', new Array(2)],
    ['a list with a Rejection', [new Rejection({ code: 'a', message: 'b' })]],
    ['a list within a list', [[{ id: 1n }]]],
    ['a Rejection without a code', new Rejection({ code: '', message: 'b' })],
  ])('%s', async (_, answer) => {
    await expect(transformed(answering(() => answer))).rejects.toMatchObject({ code: 'TransformFailed' })
  })

  it.each<[string, unknown]>([
    ['too few', []],
    ['too many', [{ id: 1n }, { id: 2n }]],
    ['a text of the right length', 'x'],
    ['nothing', undefined],
  ])('%s results for a batch', async (_, results) => {
    await expect(transformed(new Returning(() => results))).rejects.toMatchObject({ code: 'TransformFailed' })
  })
})

describe('A valid result', () => {
  it('rejects the record with the errors of a Rejection and the name of the transformer', async () => {
    const { rejected, accepted, records } = await transformed(answering(() => new Rejection({ field: 'word', code: 'word.odd', message: 'is odd' })))
    expect({ accepted, records }).toEqual({ accepted: 0, records: [] })
    expect(rejected).toMatchObject([
      { record: { id: '1', word: 'one' }, key: { id: '1' }, errors: [{ field: 'word', code: 'word.odd', message: 'is odd', transform: 'Returning' }] },
    ])
    expect(rejected[0]?.raw.toString()).toBe('{"id":"1","word":"one"}')
  })

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['an empty list', []],
  ])('leaves the record out: %s', async (_, answer) => {
    expect(await transformed(answering(() => answer))).toMatchObject({ accepted: 0, derived: 0, filtered: 1, rejected: [], records: [] })
  })

  it('makes several records of one, and all are loaded', async () => {
    const answer = [{ id: 1, word: 'a' }, { id: 2n, word: 'b' }, Object.freeze({ id: '3' })]
    const { accepted, derived, records } = await transformed(answering(() => answer))
    expect({ accepted, derived, records }).toEqual({
      accepted: 3,
      derived: 2,
      records: [
        { id: 1n, word: 'a' },
        { id: 2n, word: 'b' },
        { id: 3n, word: null },
      ],
    })
  })

  it.each<[string, TypedRecord, string]>([
    ['NaN in an integer', { id: Number.NaN }, 'transform.id'],
    ['no value of the key', { id: null, word: 'one' }, 'transform.id'],
    ['a text that is too long', { id: 1n, word: 'longer' }, 'transform.word'],
    ['an object in a text', { id: 1n, word: {} }, 'transform.word'],
  ])('is checked as its output declares: %s', async (_, wrong, code) => {
    const alone = await transformed(answering(() => wrong))
    expect(alone.rejected.map(({ errors }) => errors.map((error) => error.code))).toEqual([[code]])
    // One invalid record among several: nothing is loaded, and the others are not counted.
    expect(await transformed(answering(() => [{ id: 1n }, wrong]))).toMatchObject({
      accepted: 0,
      derived: 0,
      filtered: 0,
      records: [],
      rejected: [{ state: 'open' }],
    })
  })

  it('may be 100,000 records, and not one more', async () => {
    const many = (count: number) => transformed(answering(() => Array.from({ length: count }, (_, id) => ({ id }))))
    expect(await many(100_000)).toMatchObject({ accepted: 100_000, derived: 99_999, rejected: [] })
    expect((await many(100_001)).rejected[0]?.errors).toMatchObject([{ code: 'length.records', transform: 'Returning' }])
    const { rejected } = await transformed(answering(() => new Array(10_000_000)))
    expect(rejected[0]?.errors).toMatchObject([{ code: 'length.records' }])
  })

  it('keeps the later of several records with one key, or the one with the larger version', async () => {
    const load = async (versionField?: string) => {
      const rows = new EncodedRows()
      const made = [
        { id: 1n, word: 'b' },
        { id: 2n, word: 'c' },
        { id: 1n, word: 'a' },
      ]
      const options = { transformers: [answering(() => made)], key: ['id'] }
      const compiled = program({ ...schema, ...(versionField && { versionField }) }, columns, options)
      const outcomes = await compiled.process(new ObjectBatch([{ id: '1', word: 'x' }], { firstOrder: 7, next: 1 }), 0, { rows })
      return { ...outcomes, text: rows.bytes.toString('latin1', 0, rows.length).replace(/[^abc]/g, ''), orders: [...rows.orders.subarray(0, rows.size)] }
    }
    expect(await load()).toMatchObject({ accepted: 2, derived: 2, superseded: 1, text: 'ac', orders: [7, 7] })
    expect(await load('word')).toMatchObject({ accepted: 2, derived: 2, superseded: 1, text: 'bc' })
  })
})

class Upper extends FieldTransformer<null> {
  fields = ['word']
  change(value: unknown): unknown {
    if (value === 'bad') return new Rejection({ field: 'word', code: 'word.bad', message: 'is bad' })
    return value === 'long' ? 'much too long' : value === 'gone' ? null : (value as string).toUpperCase()
  }
}

/** `word` becomes the column `name`; `id` is left out where `dropped`. */
class Renamed extends Upper {
  override output(given: readonly RecordField[]): readonly ChangedField[] {
    return given.map((field) => (field.name === 'word' ? { ...field, name: 'name', from: 'word' } : field)).toReversed()
  }
}

it('does not check again a value that a transformer left unchanged, whatever notation its field declares', async () => {
  const noted: Field[] = [{ name: 'id', type: 'integer', trim: true, max: 5, outcome: 'warn' }]
  const compiled = program({ fields: noted }, undefined, { transformers: [answering((record) => record)] })
  const { accepted, warnings } = await compiled.process(new ObjectBatch([{ id: ' 9 ' }], { firstOrder: 0, next: 1 }), 0, { records: [] })
  expect({ accepted, warnings: [...warnings].map(([code, { count }]) => [code, count]) }).toEqual({ accepted: 1, warnings: [['range.max', 1]] })
})

describe('A FieldTransformer', () => {
  const words = ['one', 'bad', 'long', 'gone', '', 'ünï', 'toolong']
  const cells = words.map((word, index) => [String(index), word].map((content) => ({ content: Buffer.from(content), quoted: false })))
  const both = async (transformer: FieldTransformer<null>, written: typeof columns) => {
    const batch = byteBatch(
      ['id', 'word'],
      [
        ...cells,
        [
          { content: Buffer.from('x'), quoted: false },
          { content: Buffer.from('y'), quoted: false },
        ],
      ],
    )
    const load = async (source: Parameters<ReturnType<typeof program>['process']>[0]) => {
      const rows = new EncodedRows()
      const outcomes = await program(schema, written, { transformers: [transformer], key: ['id'] }).process(source, 0, { rows })
      const { validateMilliseconds: _v, transformMilliseconds: _t, ...rest } = outcomes
      return { rest, hex: rows.bytes.toString('hex', 0, rows.length) }
    }
    return { fast: await load(batch), slow: await load(slowly(batch)) }
  }

  it.each([
    ['changes a field', new Upper(null), columns],
    ['renames and reorders fields', new Renamed(null), [column('name', 'text'), column('id', 'int4'), column('_pos', 'int8')]],
  ])('%s: the same rows and rejections on the fast path and on the slow one', async (_, transformer, written) => {
    const { fast, slow } = await both(transformer as FieldTransformer<null>, written as typeof columns)
    expect(fast).toEqual(slow)
    expect(fast.rest.accepted).toBe(4)
    expect(fast.rest.rejected.map(({ errors }) => errors.map(({ code }) => code))).toEqual([
      ['word.bad'],
      [transformer instanceof Renamed ? 'transform.name' : 'transform.word'],
      ['length.max'],
      ['type.integer'],
    ])
    expect(Buffer.from(fast.hex, 'hex').toString()).toContain('ÜNÏ')
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a promise', Promise.resolve('x')],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('no')
          },
        },
      ),
    ],
  ])('fails the run if it returns %s for a value', async (_, result) => {
    class Wrong extends Upper {
      override change() {
        return result
      }
    }
    await expect(both(new Wrong(null), columns)).rejects.toMatchObject({ code: 'TransformFailed' })
  })
})

describe('An invalid output is InvalidTransform', () => {
  const outputs = (output: unknown) => {
    class Odd extends Returning {
      override output() {
        return (typeof output === 'function' ? output() : output) as never
      }
    }
    return new Odd(() => [])
  }
  const changes = (names: unknown, output?: unknown) => {
    class Odd extends Upper {
      override fields = names as never
      override output(given: readonly RecordField[]) {
        return (output ?? given) as never
      }
    }
    return new Odd(null)
  }
  it.each<[string, Transformer, string]>([
    ['no list', outputs('id'), 'no list of fields'],
    ['a promise', outputs(Promise.resolve([])), 'no list of fields'],
    [
      'what it throws',
      outputs(() => {
        throw new Error('lost')
      }),
      'lost',
    ],
    ['nothing', outputs([]), 'not valid'],
    ['null', outputs([null]), 'not valid'],
    ['a name twice', outputs([...fields, { name: 'word', type: 'text' }]), 'word twice'],
    ['an unknown type', outputs([{ name: 'id', type: 'int' }]), 'not valid'],
    ['an unknown property', outputs([{ name: 'id', type: 'integer', colour: 'red' }]), 'not valid'],
    ['a column of Headgate’s own', outputs([fields[0], { name: '_pos', type: 'integer' }]), '_pos'],
    ['a bound that is no value', outputs([{ name: 'id', type: 'integer', min: 'a' }]), 'not valid'],
    ['no key', outputs([fields[1]]), 'primaryKey names id'],
    ['a key that may be null', outputs([{ ...fields[0], nullable: true }]), 'may be null'],
    ['a field to change that is not there', changes(['wordd']), 'did you mean word?'],
    ['a list of fields to change that is none', changes(undefined), 'no list of names'],
    ['a field that a FieldTransformer adds', changes(['word'], [...fields, { name: 'more', type: 'text' }]), 'only a RecordTransformer'],
    ['another declaration of a field that is not changed', changes(['word'], [{ name: 'id', type: 'text' }, fields[1]]), 'declares id anew'],
  ])('%s', (_, transformer, message) => {
    expect(() => planTransforms(schema, [transformer])).toThrow(
      expect.objectContaining({ code: 'InvalidTransform', message: expect.stringContaining(message) }),
    )
  })
})
