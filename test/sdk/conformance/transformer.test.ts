import { describe, expect, it } from 'vitest'
import { transformerChecks } from '../../../sdk/conformance/index.ts'
import { type ChangedField, FieldTransformer, type RecordField, Rejection, type Transformed, Transformer, type TypedRecord } from '../../../sdk/index.ts'
import { failing, isOdd, numbers, odd } from './failing.ts'

let calls = 0

describe('a transformer', () => {
  type Members = { transform?: (records: readonly TypedRecord[]) => unknown; output?: (fields: readonly RecordField[]) => unknown }
  const n: RecordField = { name: 'n', type: 'text' }
  const broken: (Members & { fails: string[] })[] = [
    { fails: [], transform: (records) => records.map((record) => (isOdd(record) ? undefined : { ...record })) },
    { fails: [], transform: (records) => records.map((record) => (isOdd(record) ? new Rejection(odd) : [record, record])) },
    { fails: ['outputs fields with a name and a type, each once'], output: () => [n, n] },
    { fails: ['outputs fields with a name and a type, each once'], output: () => [n, { name: 'm' }] },
    { fails: ['outputs the same fields every time'], output: () => [n, { name: `at${calls++}`, type: 'text' }] },
    { fails: ['returns one result per record', 'returns the same wherever batches end'], transform: (records) => records.slice(1) },
    { fails: ['returns records, lists of records, rejections, or undefined'], transform: (records) => records.map(() => null) },
    { fails: ['returns records, lists of records, rejections, or undefined'], transform: (records) => records.map((record) => [record, undefined]) },
    { fails: ['returns records of the fields that it outputs'], transform: (records) => records.map((record) => ({ ...record, even: true })) },
    { fails: ['rejects with a code and a message'], transform: (records) => records.map(() => new Rejection({ code: '', message: 'is odd' })) },
    { fails: ['leaves the records it was given as they are'], transform: (records) => records.map((record) => Object.assign(record, { n: 'x' })) },
    {
      fails: ['returns the same every time', 'returns the same wherever batches end'],
      transform: (records) => records.map(() => ({ n: calls++ })),
    },
    { fails: ['returns the same wherever batches end'], transform: (records) => records.map((_, place) => ({ n: place })) },
  ]

  it.each(broken)('fails the right check: $fails', async ({ transform = (records) => records, output = (fields) => fields, fails }) => {
    const make = () =>
      new (class extends Transformer {
        override output(fields: readonly RecordField[]) {
          return output(fields) as readonly RecordField[]
        }

        override transform(records: readonly TypedRecord[]) {
          return transform(records) as readonly Transformed[]
        }
      })(undefined)
    expect(await failing(transformerChecks({ make, fields: [n], records: numbers }))).toEqual(fails)
  })

  const brokenFields: { fails: string[]; change?: () => unknown; output?: ChangedField[] }[] = [
    { fails: [], change: () => 'x' },
    { fails: ['changes a value at once'], change: () => undefined },
    { fails: ['changes a value at once', 'returns the same every time', 'returns the same wherever batches end'], change: () => Promise.resolve('x') },
    { fails: ['declares anew only fields that it changes'], output: [n, { name: 'm', type: 'integer' }] },
    { fails: ['declares anew only fields that it changes'], output: [n, { name: 'o', from: 'p', type: 'text' }] },
  ]

  it.each(brokenFields)('of fields fails the right check: $fails', async ({ change = () => 'x', output, fails }) => {
    const make = () =>
      new (class extends FieldTransformer {
        fields = ['n']
        override change = change
        override output(fields: readonly ChangedField[]) {
          return output ?? fields
        }
      })(undefined)
    expect(await failing(transformerChecks({ make, fields: [n, { name: 'm', type: 'text' }], records: numbers }))).toEqual(fails)
  })
})
