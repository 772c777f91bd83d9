// For each check a class that breaks just that promise: a check that nothing can fail proves nothing.
import { describe, expect, it } from 'vitest'
import { transactionOver } from '../../runner/loaders/postgres/connection.ts'
import { type Check, ConformanceError, extractorChecks, loaderChecks, transformerChecks, validatorChecks } from '../../sdk/conformance/index.ts'
import {
  type ChangedField,
  type Extractor,
  FieldTransformer,
  type LoadBatch,
  type LoadCounts,
  Loader,
  type Position,
  type RecordBatch,
  RecordExtractor,
  type RecordField,
  Rejection,
  type RunContext,
  type Slice,
  type SourceRecord,
  type Transaction,
  type Transformed,
  Transformer,
  type TypedRecord,
  Validator,
  type Verdicts,
} from '../../sdk/index.ts'
import { freshDatabase } from '../support/database.ts'

/** Names of the checks that fail. */
async function failing(checks: Check[]): Promise<string[]> {
  const failed: string[] = []
  for (const { name, run } of checks) {
    const error = await run().then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (error !== undefined) failed.push(name)
  }
  return failed
}

const numbers = [1, 2, 3, 4, 5].map((n) => ({ n: String(n) }))

class Sound extends RecordExtractor {
  override *records(): Iterable<SourceRecord> {
    yield* numbers
  }
}

/** Batches as RecordExtractor makes them, changed. */
function changed(change: (batch: RecordBatch, run: RunContext) => Partial<RecordBatch>): Extractor {
  return new (class extends Sound {
    override async *read(slice: Slice, from: Position | undefined, run: RunContext): AsyncIterable<RecordBatch> {
      for await (const batch of super.read(slice, from, run)) yield { ...bound(batch), ...change(batch, run) }
    }
  })(undefined)
}

function bound(batch: RecordBatch): RecordBatch {
  return {
    size: batch.size,
    fields: batch.fields,
    next: batch.next,
    record: (index) => batch.record(index),
    raw: (index) => batch.raw(index),
    order: (index) => batch.order(index),
    problem: (index) => batch.problem(index),
  }
}

function planning(...slices: Slice[]): Extractor {
  return new (class extends Sound {
    override async *plan(): AsyncIterable<Slice> {
      yield* slices
    }
  })(undefined)
}

let calls = 0

describe('an extractor', () => {
  it('that keeps its promises passes', async () => {
    expect(await failing(extractorChecks({ make: () => new Sound(undefined) }))).toEqual([])
  })

  const broken: { fails: string[]; make: () => Extractor }[] = [
    { fails: ['plans slices of inputs that rise from 0'], make: () => planning({ input: 1, name: 'a', spec: null }, { input: 0, name: 'b', spec: null }) },
    { fails: ['describes slices by JSON'], make: () => planning({ input: 0, name: 'a', spec: { at: new Date() } as never }) },
    { fails: ['plans the same slices every time'], make: () => planning({ input: 0, name: `a-${calls++}`, spec: null }) },
    {
      fails: ['gives at least two records'],
      make: () =>
        new (class extends RecordExtractor {
          override *records(): Iterable<SourceRecord> {
            yield { n: '1' }
          }
        })(undefined),
    },
    {
      fails: ['gives the same records every time', 'gives the same records whatever the size of batches', 'resumes behind every batch'],
      make: () =>
        new (class extends RecordExtractor {
          override *records(): Iterable<SourceRecord> {
            for (const record of numbers) yield { ...record, at: `${calls++}` }
          }
        })(undefined),
    },
    {
      fails: ['gives the same records whatever the size of batches'],
      make: () => changed((batch, run) => ({ record: (index) => ({ ...batch.record(index), size: run.batchSize }) })),
    },
    {
      fails: ['puts no more records in a batch than the run asks for'],
      make: () =>
        new (class extends Sound {
          override read(slice: Slice, from: Position | undefined, run: RunContext): AsyncIterable<RecordBatch> {
            return super.read(slice, from, { ...run, batchSize: 1000 })
          }
        })(undefined),
    },
    { fails: ['numbers records in rising order'], make: () => changed((batch) => ({ order: (index) => 100 - batch.order(index) })) },
    {
      fails: ['has positions that are JSON', 'resumes behind every batch'],
      make: () => changed((batch) => ({ next: new Date(batch.next as number) as never })),
    },
    {
      fails: ['resumes behind every batch', 'throws for a position that it did not make'],
      make: () =>
        new (class extends Sound {
          override read(slice: Slice, _from: Position | undefined, run: RunContext): AsyncIterable<RecordBatch> {
            return super.read(slice, undefined, run)
          }
        })(undefined),
    },
    {
      fails: ['throws for a position that it did not make'],
      make: () =>
        new (class extends Sound {
          override read(slice: Slice, from: Position | undefined, run: RunContext): AsyncIterable<RecordBatch> {
            return super.read(slice, typeof from === 'number' && from > 0 ? from : undefined, run)
          }
        })(undefined),
    },
    { fails: ['keeps raw bytes of every record'], make: () => changed(() => ({ raw: () => Buffer.alloc(0) })) },
  ]

  it.each(broken)('fails where it should: $fails', async ({ make, fails }) => {
    expect(await failing(extractorChecks({ make }))).toEqual(fails)
  })

  it('fails where it does not know its inputs again', async () => {
    class Forgetful extends Sound {
      override async verify(): Promise<void> {
        throw new ConformanceError('another input')
      }
    }
    expect(await failing(extractorChecks({ make: () => new Forgetful(undefined) }))).toEqual(['finds its inputs unchanged when they are'])
  })

  it('that plans nothing fails everywhere', async () => {
    expect((await failing(extractorChecks({ make: () => planning() }))).length).toBe(extractorChecks({ make: () => planning() }).length)
  })
})

function validating(validate: (batch: RecordBatch, verdicts: Verdicts) => void): Validator {
  return new (class extends Validator {
    override validate(batch: RecordBatch, verdicts: Verdicts): void {
      validate(batch, verdicts)
    }
  })(undefined)
}

const odd = { code: 'n.odd', message: 'is odd' }
const isOdd = (record: SourceRecord) => Number(record.n) % 2 === 1

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

  it.each(broken)('fails where it should: $fails', async ({ validate, fails }) => {
    expect(await failing(validatorChecks({ make: () => validating(validate), records: structuredClone(numbers) }))).toEqual(fails)
  })
})

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

  it.each(broken)('fails where it should: $fails', async ({ transform = (records) => records, output = (fields) => fields, fails }) => {
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

  it.each(brokenFields)('of fields fails where it should: $fails', async ({ change = () => 'x', output, fails }) => {
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

const database = await freshDatabase()

async function rolledBack(work: (transaction: Transaction) => Promise<void>): Promise<void> {
  await database.client.query('BEGIN')
  try {
    await work(transactionOver(database.client))
  } finally {
    await database.client.query('ROLLBACK')
  }
}

class Keeping extends Loader {
  override async prepare(_run: RunContext, transaction: Transaction): Promise<unknown> {
    return transaction.query('CREATE TABLE IF NOT EXISTS kept (n text)')
  }

  override async load(batch: LoadBatch, transaction: Transaction): Promise<LoadCounts> {
    for (let index = 0; index < batch.size; index++) await transaction.query('INSERT INTO kept VALUES ($1)', [batch.record(index).n])
    return { loaded: batch.size, unchanged: 0, superseded: 0 }
  }
}

describe('a loader', () => {
  const uneven = { loaded: 1, unchanged: 0, superseded: 0 }
  const again = () => {
    throw new ConformanceError('once is enough')
  }
  const broken: { fails: string[]; make: () => Loader }[] = [
    { fails: [], make: () => new Keeping(undefined) },
    {
      fails: ['prepares as often as it is asked'],
      make: () => {
        let times = 0
        return new (class extends Keeping {
          override async prepare(run: RunContext, transaction: Transaction): Promise<unknown> {
            return times++ === 0 ? super.prepare(run, transaction) : again()
          }
        })(undefined)
      },
    },
    {
      fails: ['counts every record once', 'takes a batch without records'],
      make: () =>
        new (class extends Keeping {
          override async load(): Promise<LoadCounts> {
            return uneven
          }
        })(undefined),
    },
    {
      fails: ['loads a batch again as the first time after its transaction was undone'],
      make: () =>
        new (class extends Keeping {
          override async load(batch: LoadBatch): Promise<LoadCounts> {
            const unchanged = calls++ % 2 === 0 ? 0 : batch.size
            return { loaded: batch.size - unchanged, unchanged, superseded: 0 }
          }
        })(undefined),
    },
    {
      fails: ['publishes corrections that add up to 0'],
      make: () =>
        new (class extends Keeping {
          override async publish(): Promise<LoadCounts> {
            return uneven
          }
        })(undefined),
    },
    {
      fails: ['discards as often as it is asked'],
      make: () => {
        let times = 0
        return new (class extends Keeping {
          override async discard(): Promise<void> {
            if (times++ > 0) again()
          }
        })(undefined)
      },
    },
    {
      fails: ['leaves the transaction to the framework'],
      make: () =>
        new (class extends Keeping {
          override async load(batch: LoadBatch, transaction: Transaction): Promise<LoadCounts> {
            const counts = await super.load(batch, transaction)
            await transaction.query('SAVEPOINT mine; ROLLBACK TO SAVEPOINT mine; COMMIT AND CHAIN').catch(rethrown)
            return counts
          }
        })(undefined),
    },
  ]

  /** What PostgreSQL says is not what is checked here. */
  function rethrown(error: unknown): void {
    if (error instanceof ConformanceError) throw error
  }

  it.each(broken)('fails where it should: $fails', async ({ make, fails }) => {
    const failed = await failing(loaderChecks({ make, records: numbers, rolledBack }))
    await database.client.query('DROP TABLE IF EXISTS kept')
    expect(failed).toEqual(fails)
  })
})
