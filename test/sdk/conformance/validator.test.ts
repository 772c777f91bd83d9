import { describe, expect, it } from 'vitest'
import { validatorChecks } from '../../../sdk/conformance/index.ts'
import { type RecordBatch, Validator, type Verdicts } from '../../../sdk/index.ts'
import { failing, isOdd, numbers, odd } from './failing.ts'

let calls = 0

function validating(validate: (batch: RecordBatch, verdicts: Verdicts) => void): Validator {
  return new (class extends Validator {
    override validate(batch: RecordBatch, verdicts: Verdicts): void {
      validate(batch, verdicts)
    }
  })(undefined)
}

describe('a validator', () => {
  const broken: { fails: string[]; validate: (batch: RecordBatch, verdicts: Verdicts) => void }[] = [
    {
      fails: [],
      validate: (batch, { reject }) => {
        for (let index = 0; index < batch.size; index++) if (isOdd(batch.record(index))) reject(index, odd)
      },
    },
    { fails: ['reports on records of the batch', 'finds the same wherever batches end'], validate: (batch, { warn }) => warn(batch.size, odd) },
    {
      fails: ['reports errors with a code and a message'],
      validate: (batch, { reject }) => {
        for (let index = 0; index < batch.size; index++) if (isOdd(batch.record(index))) reject(index, { code: '', message: 'is odd' })
      },
    },
    {
      fails: ['throws nothing for an odd record'],
      validate: (batch) => {
        for (let index = 0; index < batch.size; index++) (batch.record(index).n as string).trim()
      },
    },
    {
      fails: ['leaves records as they are'],
      validate: (batch) => {
        for (let index = 0; index < batch.size; index++) batch.record(index).n = 'changed'
      },
    },
    { fails: ['finds the same every time', 'finds the same wherever batches end'], validate: (_, { warn }) => warn(0, { ...odd, message: `${calls++}` }) },
    { fails: ['finds the same wherever batches end'], validate: (_, { warn }) => warn(0, odd) },
  ]

  it.each(broken)('fails the right check: $fails', async ({ validate, fails }) => {
    expect(await failing(validatorChecks({ make: () => validating(validate), records: structuredClone(numbers) }))).toEqual(fails)
  })
})
